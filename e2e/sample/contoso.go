package sample

import (
	"portico/e2e/sample/artwork"
	"portico/store"
)

func contoso() agency {
	return agency{
		slug: "contoso", name: "Contoso Creative", owner: "cleo@contoso.test",
		look: store.SettingsInput{
			Name:    "Contoso Creative",
			Welcome: "Design for software companies. Questions? Write to hello@marzipan.test.",
			Accent:  "#a3174f",
		},
		clients: []client{initech()},
	}
}

func initech() client {
	return client{
		slug: "initech", name: "Initech Software",
		look: store.SettingsInput{
			Name: "Initech Software", PortalName: "Initech at Contoso", Accent: "#08716f",
			Welcome: "Everything for the launch of quicksilver in one place.",
		},
		people:    []store.NewPerson{person("ivy@initech.test", store.PartyClient, store.RoleOwner)},
		returning: "ivy@initech.test",
		projects:  []project{initechSales(), initechLaunch()},
	}
}

func initechSales() project {
	return project{
		name: "Sales deck", due: 21, shared: true, summary: "Three slides that a salesperson can tell without looking.",
		deliverables: []deliverable{
			{
				title: "Deck", due: 6, brief: "Cover, product, plans.",
				versions: []version{{"Prices are those of the pilot.", []file{{"initech-sales-deck.pdf", artwork.InitechDeck}}}},
			},
			{
				title: "Screens (wireframe)", due: 13, brief: "The app with real figures. Waiting for data.",
				versions: []version{{"", []file{{"wireframe-reports.png", artwork.InitechScreen}}}},
			},
		},
	}
}

func initechLaunch() project {
	return project{
		name: "App launch", due: 14, shared: true,
		summary: "Icon, banner and press kit for the launch of quicksilver.",
		deliverables: []deliverable{
			{
				title: "App icon", due: 1, brief: "Must be told apart at 32 pixels.",
				versions: []version{{"The stack, with coral on top. Grey looked like an empty folder.", []file{{"initech-app-icon.png", artwork.InitechIcon}}}},
			},
			{
				title: "Launch banner", due: 5, brief: "For the website and the fair, 16 by 9.",
				versions: []version{{"With the reports page as it will be.", []file{{"initech-launch-banner.jpg", artwork.InitechBanner}}}},
			},
			{
				title: "Press kit", due: 11, brief: "What a journalist asks for at five in the afternoon.",
				versions: []version{{"The mark and the text.", []file{{"initech-press-kit-quicksilver.zip", artwork.InitechPressKit}}}},
			},
		},
	}
}
