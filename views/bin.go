package views

func binIcon(kind string) string {
	switch kind {
	case "project":
		return "folder"
	case "deliverable":
		return "layers"
	default:
		return "file"
	}
}

func binWhere(r BinRow) string {
	kind := map[string]string{"project": "Project", "deliverable": "Deliverable", "file": "File"}[r.Kind]
	if r.Where == "" {
		return kind
	}
	return kind + " of " + r.Where
}
