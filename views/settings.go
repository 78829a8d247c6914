package views

func nameHint(p SettingsProps) string {
	if p.IsAgency {
		return "Your team and your clients see it."
	}
	return "Your team sees it. The client's people see it if the portal has no name of its own."
}

func portalHint(p SettingsProps) string {
	if p.IsAgency {
		return "Your clients' people see it in portals that have no name of their own. It is also shown on the sign-in page."
	}
	return "Your client's people see it instead of the name above. It is also shown on the sign-in page."
}

func mailNameInherited(p SettingsProps) string {
	if p.IsAgency {
		return p.Form.Name
	}
	return p.AgencyOf
}

func accentGivenUp(p SettingsProps) string {
	if p.IsAgency {
		return "Use Portico's colour instead"
	}
	return "Use the colour of " + p.AgencyOf + " instead"
}

// accentShownOr is the colour that the form was opened with.
func accentShownOr(shown, accent string) string {
	if shown != "" {
		return shown
	}
	return accentOr(accent)
}

func logoInherited(p SettingsProps) string {
	switch {
	case p.OwnLogo:
		return "In use now"
	case p.Inherited.LogoURL != "":
		return "The logo of " + p.AgencyOf + ", until this workspace has its own"
	}
	return "Initials, until there is a logo"
}

func logoDescription(p SettingsProps) string {
	if p.Form.Errors["logo"] != "" {
		return "logo-hint logo-error"
	}
	return "logo-hint"
}

func whoEditsSettings(p SettingsProps) string {
	if p.AgencyOf == "" || p.IsAgency {
		return "Owners and admins can change this."
	}
	return "Owners and admins of " + p.AgencyOf + " can change this."
}

const forgetsNamesHint = "What they did here then says “Former member”. Otherwise it shows their name. This applies to accounts erased from now on."

func namesAfter(p SettingsProps) string {
	if p.Form.ForgetsNames {
		return "What they did here says “Former member”."
	}
	return "What they did here keeps their name."
}
