package main

const (
	mediaRoom  = "./handlers/media"
	mediaFiles = "store/files_media.go"
	mediaTool  = "handlers/media/media.go"
	mediaChild = "handlers/media/child.go"
)

// ofMedia are the guards around video and sound.
var ofMedia = []mutant{
	{"clients can't see a draft's poster and copy", renditions, "    using (client_sees or current_setting('app.party', true) in ('agency', 'system'));", "    using (true);", storeRoom, "TestMediaIsVisibleLikeItsFile"},
	{"a recording is looked at once", mediaFiles, "	if r.Plays != PlaysUnknown {\n", "	if r.Plays == \"\" {\n", storeRoom, "TestMediaIsRecordedOnce"},
	{"a recording is copied once", mediaFiles, "	if r.Plays != PlaysSoon {\n", "	if r.Plays == \"\" {\n", storeRoom, "TestMediaIsRecordedOnce"},
	{"to play a copy is recorded", "handlers/media_files.go", "err := s.db.RecordDownload(r.Context(), me, event, download.IsContinuation(r)); err != nil", "err := error(nil); err != nil && event.Verb != \"\"", handlerRoom, "TestMediaIsServedLikeItsFile"},
	{"ffmpeg gets no secret", mediaChild, `[]string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + dir, "TMPDIR=" + dir})`, `append(os.Environ(), "TMPDIR="+dir))`, mediaRoom, "TestChildHasNoRights"},
	{"ffmpeg doesn't guess what a file is", mediaTool, `"-f", demuxers[r.ContentType], "-i"`, `"-i"`, mediaRoom, "TestUnfitRecordingsHaveAReason"},
	{"an endless recording is given up", mediaTool, "bounded, cancel := context.WithTimeout(ctx, x.timeout)", "bounded, cancel := context.WithCancel(ctx)", mediaRoom, "TestEndlessRecordingsAreGivenUp"},
	{"storage that fails is no broken recording", mediaTool, "lost != nil && ctx.Err() == nil", "lost != nil && false", mediaRoom, "TestFailingStorageIsNotBlamedOnTheRecording"},
	{"ffmpeg reads no files of the service", mediaChild, "rules := unix.LandlockRulesetAttr{Handled_access_fs: 1<<13 - 1}", "rules := unix.LandlockRulesetAttr{Handled_access_fs: 2}", mediaRoom, "TestChildHasNoRights"},
	{"ffmpeg connects to nothing else", mediaChild, "unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP", "unix.LANDLOCK_ACCESS_NET_BIND_TCP", mediaRoom, "TestChildHasNoRights"},
	{"a picture that is too large is refused", "handlers/media/look.go", "picture.Width*picture.Height > maxPixels", "false", mediaRoom, "TestUnfitRecordingsHaveAReason"},
}
