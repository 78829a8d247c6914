package sample

import (
	"portico/e2e/sample/artwork"
	"portico/store"
)

func globex() client {
	return client{
		slug: "globex", name: "Globex Energy",
		look: store.SettingsInput{
			Name: "Globex Energy", PortalName: "Globex at Northwind", Accent: "#6b3fc4",
			Welcome: "The solar campaign and the annual report in one place, both in heliotrope.",
		},
		people:    []store.NewPerson{person("gus@globex.test", store.PartyClient, store.RoleOwner)},
		returning: "gus@globex.test",
		projects:  []project{globexMark(), globexReport(), globexSolar()},
	}
}

// globexMark is a project that is not shared with the client.
func globexMark() project {
	return project{
		name: "New mark for the jubilee", summary: "An idea for the anniversary. Not shown to the client yet.",
		deliverables: []deliverable{{
			title: "Logo lockups", brief: "The setting sun in bars, by day and by night.",
			versions: []version{{"", []file{{"jubilee-mark.png", artwork.GlobexMark}}}},
		}},
	}
}

func globexReport() project {
	return project{
		name: "Annual report 2026", due: 62, shared: true,
		summary: "The year in numbers, on paper and on the web. The lead colour is heliotrope.",
		deliverables: []deliverable{
			{
				title: "Proposal", due: -4, brief: "What we would make, when, and for how much.",
				versions: []version{{"The offer stands for six weeks.", []file{{"globex-report-proposal.pdf", artwork.GlobexProposal}}}},
				reviews: map[int]review{1: {
					asked:   []string{"gus@globex.test"},
					answers: []answer{{"gus@globex.test", store.Approved, ""}},
				}},
			},
			{
				title: "Cover", due: 12, brief: "Twelve months as rays, each as long as its harvest.",
				versions: []version{{"Drawn from your own figures, January on top.", []file{{"globex-report-cover.jpg", artwork.GlobexReportCover}}}},
			},
			{
				title: "Charts", due: 16, brief: "The kinds of chart the report will use. The numbers are those of the third quarter.",
				versions: []version{{"One line, one ring, one row of bars. More kinds would be noise.",
					[]file{{"globex-charts-heliotrope.png", artwork.GlobexCharts}}}},
			},
		},
	}
}

func globexSolar() project {
	return project{
		name: "Solar for homes", due: 30, shared: true,
		summary: "Make people look at their own roof. Poster, landing page and radio, all in heliotrope.",
		deliverables: []deliverable{
			{
				title: "Radio spot", due: 7, brief: "Thirty seconds, two voices, as few words as possible.",
				versions: []version{{"The freezer joke tested best.", []file{{"globex-radio-heliotrope.txt", artwork.GlobexScript}}}},
			},
			{
				title: "Landing page", due: 9, brief: "One question, one field, one answer in two minutes.",
				versions: []version{{"Wide screens. The phone comes with the next version.", []file{{"globex-landing-page.jpg", artwork.GlobexHero}}}},
			},
			{
				title: "Campaign poster", due: 4, brief: "For stations and depots, 700 by 1,000 mm.",
				versions: []version{
					{"The sky and the colours. The words are only in the way.", []file{{"globex-poster-1.jpg", artwork.GlobexPosterDraft}}},
					{"The sun of your mark over a field of panels, and a line that says it.", []file{{"globex-poster-2.jpg", artwork.GlobexPoster}}},
				},
				reviews: map[int]review{2: {
					asked: []string{"gus@globex.test"}, due: 4,
					notes: []note{{by: "gus@globex.test", at: [4]int{5000, 7600, 0, 0}, words: "Can the heliotrope line be larger? It is read from a train."}},
				}},
			},
		},
	}
}
