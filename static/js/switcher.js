// switcher
