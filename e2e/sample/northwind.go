package sample

import (
	"portico/e2e/sample/artwork"
	"portico/store"
)

func northwind() agency {
	return agency{
		slug: "northwind", name: "Northwind Studio", owner: "dana@northwind.test",
		look: store.SettingsInput{
			Name:    "Northwind Studio",
			Welcome: "Brands for people who work outdoors. Questions? Write to hello@halyard.test.",
			Accent:  "#1f4b99",
		},
		clients: []client{acme(), globex()},
	}
}

func acme() client {
	return client{
		slug: "acme", name: "Acme Outdoor",
		look: store.SettingsInput{
			Name: "Acme Outdoor", PortalName: "Acme at Northwind", Accent: "#c2451e",
			Welcome: "Everything for the ridgeline collection is here, from first sketch to final file.",
		},
		people: []store.NewPerson{
			person("ravi@northwind.test", store.PartyAgency, store.RoleMember),
			person("mia@acme.test", store.PartyClient, store.RoleOwner),
			person("leo@acme.test", store.PartyClient, store.RoleViewer),
		},
		returning: "mia@acme.test",
		projects:  []project{acmeLookbook(), acmeWebsite(), acmeBrand(), acmeCampaign()},
	}
}

func acmeLookbook() project {
	return project{
		name: "Autumn lookbook", summary: "Sixty pages of last autumn, printed in September.", shared: true, archived: true,
		deliverables: []deliverable{{
			title: "Cover", brief: "One sun, five ridges, no model.", by: "ravi@northwind.test",
			versions: []version{{"As printed.", []file{{"acme-lookbook-cover.jpg", artwork.AcmeLookbook}}}},
			reviews: map[int]review{1: {
				asked:   []string{"mia@acme.test"},
				answers: []answer{{"mia@acme.test", store.Approved, "Yes. This is the one."}},
			}},
		}},
	}
}

func acmeWebsite() project {
	return project{
		name: "Website relaunch", due: 45, shared: true,
		summary: "A shop that feels like the first hour of a walk. Design until January, then build.",
		deliverables: []deliverable{
			{
				title: "Homepage", due: 5, by: "ravi@northwind.test",
				brief: "The first screen, wide. We are looking for a yes to the idea; the smaller screens follow from it.",
				versions: []version{{"First screen only. The menu is final, the headline is not.",
					[]file{{"acme-homepage-1600.jpg", artwork.AcmeHomepage}}}},
				reviews: map[int]review{1: {
					asked: []string{"mia@acme.test"}, due: 5,
					notes: []note{
						{by: "mia@acme.test", at: [4]int{400, 2000, 4300, 2300}, words: "The headline could be one word shorter. \"Carry less\" says it all.",
							replies: []reply{
								{by: "ravi@northwind.test", words: "Agreed. We'll try it with the next version."},
								{by: "ravi@northwind.test", team: true, words: "Then the pictogram beside it has to shrink as well."},
							}},
						{by: "ravi@northwind.test", team: true, at: [4]int{8700, 900, 0, 0}, words: "The cart needs its pictogram before we build this."},
					},
				}},
			},
			{
				title: "Photo selects", due: 10, by: "ravi@northwind.test",
				brief: "Six views from three mornings. Two of them will carry the site.",
				versions: []version{{"Circled are our picks. Both are in the archive at full size.", []file{
					{"acme-contact-sheet.jpg", artwork.AcmeContactSheet},
					{"acme-selects-ridgeline.zip", artwork.AcmePhotos},
				}}},
			},
		},
	}
}

func acmeBrand() project {
	return project{
		name: "Brand refresh", due: 18, shared: true,
		summary:      "A lighter mark and a calmer palette for the ridgeline collection.",
		deliverables: []deliverable{acmeLogo(), acmePalette(), acmeGuidelines(), acmeIcons(), acmeStickers()},
		discussion: []note{
			{by: "mia@acme.test", words: "The trade fair moved to the third week of March. Can we have the logo files by then?",
				replies: []reply{
					{by: "dana@northwind.test", words: "Yes, if the lockups are approved this week. The guidelines follow two weeks later."},
					{by: "ravi@northwind.test", team: true, words: "That leaves us no time for the pictogram grid. I'd move it to April."},
				}},
			{by: "dana@northwind.test", words: "Who at Acme orders the labels? We'd like to send them the thread colours."},
			{by: "ravi@northwind.test", team: true, words: "Ask for the old pictogram files before we start the icons."},
		},
	}
}

func acmeLogo() deliverable {
	return deliverable{
		title: "Logo lockups", due: 3,
		brief: "Symbol and name, side by side and stacked. We are deciding on weight and spacing, not on colour.",
		versions: []version{
			{"A first proposal: heavy and tight, in one colour.", []file{{"acme-logo.png", artwork.AcmeMarkFirst}}},
			{"Lighter letters, more air, a warmer sun. The symbol is unchanged.", []file{{"acme-logo.png", artwork.AcmeMarkSecond}}},
			{"Between the two, as you asked: medium weight, ember for the sun. The stacked version is new.", []file{
				{"acme-logo.png", artwork.AcmeMark},
				{"acme-logo-stacked.png", artwork.AcmeMarkStacked},
			}},
		},
		reviews: map[int]review{
			1: {
				notes: []note{
					{by: "mia@acme.test", at: [4]int{5600, 4300, 0, 0}, words: "Too heavy for a label that is sewn into a jacket."},
					{by: "mia@acme.test", words: "Please show it in two colours as well.", done: true},
				},
				answers: []answer{{"mia@acme.test", store.ChangesRequired, "The symbol is right. The letters shout."}},
			},
			2: {
				notes:   []note{{by: "leo@acme.test", at: [4]int{2300, 3000, 0, 0}, words: "Lovely sun. It will fade on cotton, though."}},
				answers: []answer{{"mia@acme.test", store.ChangesRequired, "Now it is a little thin. Between the two?"}},
			},
			3: {
				asked: []string{"mia@acme.test"}, due: 3,
				notes: []note{{by: "dana@northwind.test", team: true, at: [4]int{4800, 6100, 0, 0}, words: "Keep the clear space of the pictogram grid here."}},
			},
		},
	}
}

func acmePalette() deliverable {
	return deliverable{
		title: "Colour palette", due: 6, brief: "Six colours, shown in the shares we would use them in.",
		versions: []version{{"Dawn replaces the yellow, which nobody could read in the sun.", []file{{"acme-palette.png", artwork.AcmePalette}}}},
		reviews: map[int]review{1: {
			answers: []answer{{"mia@acme.test", store.ApprovedWithChanges, "Yes, with a little less grey in the second row."}},
		}},
	}
}

func acmeGuidelines() deliverable {
	return deliverable{
		title: "Brand guidelines", due: 18, brief: "Short enough to be read: four pages for everybody who makes something for Acme.",
		versions: []version{{"Issue 1. Photography follows in issue 2.", []file{{"acme-brand-guidelines-issue-1.pdf", artwork.AcmeGuidelines}}}},
	}
}

func acmeIcons() deliverable {
	return deliverable{
		title: "Icon set", due: 25, by: "ravi@northwind.test",
		brief:    "Nine signs for shop and labels. Not shown yet: the pictogram grid comes first, then the strokes.",
		versions: []version{{"", []file{{"pictogram-icons.png", artwork.AcmeIcons}}}},
	}
}

func acmeStickers() deliverable {
	return deliverable{
		title: "Sticker sheet (pictogram)", brief: "An idea for the parcels. Dropped: too much plastic.", binned: true,
		versions: []version{{"", []file{{"acme-sticker.png", artwork.AcmeTileShape}}}},
	}
}

func acmeCampaign() project {
	return project{
		name: "Spring campaign", due: 24, shared: true,
		summary: "Posters, social and copy for March. One idea: leave earlier, carry less.",
		deliverables: []deliverable{
			{
				title: "Headlines", due: -2, brief: "Eight lines to choose from. Please strike what you would never say.",
				versions: []version{{"Round 1.", []file{{"acme-headlines-ridgeline.txt", artwork.AcmeHeadlines}}}},
			},
			{
				title: "Posters", due: 2, by: "ravi@northwind.test",
				brief: "Two posters for stations and shop windows, 700 by 1,000 mm.",
				versions: []version{
					{"A direction, not yet a poster. Too loud, we think, but it shows the place.",
						[]file{{"acme-poster-draft.jpg", artwork.AcmePosterDraft}}},
					{"Two words instead of eight, and a companion for the evening.", []file{
						{"acme-poster-leave-early.jpg", artwork.AcmePosterMorning},
						{"acme-poster-stay-late.jpg", artwork.AcmePosterNight},
					}},
				},
			},
			{
				title: "Social tiles", due: 8, by: "ravi@northwind.test", brief: "Three squares a week from March on. These are the first three.",
				versions: []version{
					{"Words, shape, view: one of each kind.", []file{
						{"acme-tile-words.png", artwork.AcmeTileType},
						{"acme-tile-shape.png", artwork.AcmeTileShape},
						{"acme-tile-view.jpg", artwork.AcmeTilePicture},
					}},
					{"", []file{{"pictogram-tile-next.png", artwork.AcmeTileShape}}},
				},
			},
		},
	}
}
