package views

// KeyActor names a program in the trail: the name of its key, and whose it is.
func KeyActor(key, maker string) string { return key + ", a key of " + maker }
