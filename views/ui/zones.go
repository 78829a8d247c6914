package ui

import (
	_ "embed"
	"strings"
	_ "time/tzdata" // the rules of the zones, for machines that have none
)

// zonesFile lists the zones people can choose from: UTC, and the one or more of each country that the time zone database
// names in its zone.tab.
//
//go:embed zones.txt
var zonesFile string

var zones, zoneGroups = readZones(zonesFile)

// ZoneGroups lists the time zones by their continents and oceans.
func ZoneGroups() []OptionGroup { return zoneGroups }

func isZone(name string) bool { return zones[name] }

func readZones(list string) (map[string]bool, []OptionGroup) {
	label := strings.NewReplacer("_", " ", "/", ", ")
	known, groups := map[string]bool{}, []OptionGroup{}
	for name := range strings.FieldsSeq(list) {
		known[name] = true
		part, place, ok := strings.Cut(name, "/")
		if !ok {
			part, place = "", name
		}
		if len(groups) == 0 || groups[len(groups)-1].Label != part {
			groups = append(groups, OptionGroup{Label: part})
		}
		g := &groups[len(groups)-1]
		g.Options = append(g.Options, Option{Value: name, Label: label.Replace(place)})
	}
	return known, groups
}

// zoneCity is how people call a zone: Buenos Aires.
func zoneCity(name string) string {
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}
