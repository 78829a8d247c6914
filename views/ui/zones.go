package ui

import (
	_ "embed"
	"strings"
	_ "time/tzdata" // time zone rules, for machines without them
)

// zonesFile lists the time zones that people can choose: UTC, and each zone in zone.tab of the time zone database.
//
//go:embed zones.txt
var zonesFile string

var zones, zoneGroups = readZones(zonesFile)

// ZoneGroups lists the time zones, grouped by continent and ocean.
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

// zoneCity returns the city of a zone as people write it: Buenos Aires.
func zoneCity(name string) string {
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}
