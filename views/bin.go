package views

func binWhere(r BinRow) string {
	name := KindName(r.Kind)
	if r.Where == "" {
		return name
	}
	return name + " of " + r.Where
}
