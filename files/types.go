package files

import "strings"

// Display is how a page can show a file.
type Display string

// The ways to show a file. A file of any other type is only offered for download.
const (
	DisplayImage Display = "image"
	DisplayPDF   Display = "pdf"
	DisplayVideo Display = "video"
	DisplayAudio Display = "audio"
	DisplayText  Display = "text" // its words, written into the page
	DisplayNone  Display = ""
)

// Type is what we know of a content type that [Sniff] detects.
type Type struct {
	Display Display
	Words   string // for pages, such as "MP4 video"
	// Serve is the type under which browsers may open the file on our origin, because their decoders run no scripts; ""
	// if they may not.
	Serve string
	// ImageOnly is for drawings that can contain scripts. Browsers run none in an img element, so they are served for one,
	// see [Download], and a document of its own is saved instead of shown.
	ImageOnly bool
}

// knownTypes is the one list of types. MOV and M4V hold what MP4 holds, and browsers play them under its name only. SVG, HTML,
// XML and source code can run scripts, so they have no Serve type: pages show their text.
var knownTypes = map[string]Type{
	"image/png":                 {Display: DisplayImage, Words: "PNG image", Serve: "image/png"},
	"image/apng":                {Display: DisplayImage, Words: "PNG image", Serve: "image/png"},
	"image/vnd.mozilla.apng":    {Display: DisplayImage, Words: "PNG image", Serve: "image/png"},
	"image/jpeg":                {Display: DisplayImage, Words: "JPEG image", Serve: "image/jpeg"},
	"image/gif":                 {Display: DisplayImage, Words: "GIF image", Serve: "image/gif"},
	"image/webp":                {Display: DisplayImage, Words: "WebP image", Serve: "image/webp"},
	"image/bmp":                 {Display: DisplayImage, Words: "BMP image", Serve: "image/bmp"},
	"image/avif":                {Display: DisplayImage, Words: "AVIF image", Serve: "image/avif"},
	"image/x-icon":              {Display: DisplayImage, Words: "Icon", Serve: "image/x-icon"},
	"image/svg+xml":             {Display: DisplayImage, Words: "SVG drawing", Serve: "image/svg+xml", ImageOnly: true},
	"image/tiff":                {Words: "TIFF image"},
	"image/heic":                {Words: "HEIC image"},
	"image/heif":                {Words: "HEIF image"},
	"image/jxl":                 {Words: "JPEG XL image"},
	"image/jp2":                 {Words: "JPEG 2000 image"},
	"image/vnd.adobe.photoshop": {Words: "Photoshop image"},
	"image/vnd.dwg":             {Words: "AutoCAD drawing"},
	"image/vnd.dxf":             {Words: "DXF drawing"},

	"application/pdf":        {Display: DisplayPDF, Words: "PDF", Serve: "application/pdf"},
	"application/postscript": {Words: "PostScript document"},

	"video/mp4":       {Display: DisplayVideo, Words: "MP4 video", Serve: "video/mp4"},
	"video/x-m4v":     {Display: DisplayVideo, Words: "M4V video", Serve: "video/mp4"},
	"video/quicktime": {Display: DisplayVideo, Words: "QuickTime video", Serve: "video/mp4"},
	"video/webm":      {Display: DisplayVideo, Words: "WebM video", Serve: "video/webm"},
	"video/ogg":       {Display: DisplayVideo, Words: "Ogg video", Serve: "video/ogg"},
	"video/3gpp":      {Display: DisplayVideo, Words: "3GP video", Serve: "video/3gpp"},
	"video/3gpp2":     {Display: DisplayVideo, Words: "3G2 video", Serve: "video/3gpp2"},
	"video/matroska":  {Display: DisplayVideo, Words: "Matroska video", Serve: "video/matroska"},
	"video/x-msvideo": {Words: "AVI video"},
	"video/x-ms-asf":  {Words: "Windows Media video"},
	"video/x-flv":     {Words: "Flash video"},
	"video/mpeg":      {Words: "MPEG video"},

	"audio/mpeg":      {Display: DisplayAudio, Words: "MP3 audio", Serve: "audio/mpeg"},
	"audio/mp4":       {Display: DisplayAudio, Words: "MP4 audio", Serve: "audio/mp4"},
	"audio/x-m4a":     {Display: DisplayAudio, Words: "M4A audio", Serve: "audio/mp4"},
	"audio/aac":       {Display: DisplayAudio, Words: "AAC audio", Serve: "audio/aac"},
	"audio/wav":       {Display: DisplayAudio, Words: "WAV audio", Serve: "audio/wav"},
	"audio/ogg":       {Display: DisplayAudio, Words: "Ogg audio", Serve: "audio/ogg"},
	"application/ogg": {Display: DisplayAudio, Words: "Ogg audio", Serve: "audio/ogg"},
	"audio/flac":      {Display: DisplayAudio, Words: "FLAC audio", Serve: "audio/flac"},
	"audio/webm":      {Display: DisplayAudio, Words: "WebM audio", Serve: "audio/webm"},
	"audio/aiff":      {Display: DisplayAudio, Words: "AIFF audio", Serve: "audio/aiff"},
	"audio/amr":       {Words: "AMR audio"},
	"audio/midi":      {Words: "MIDI audio"},

	// Text that may be opened alone is only the plain kind, see [Sniff].
	"text/plain; charset=utf-8": {Display: DisplayText, Words: "Text", Serve: "text/plain; charset=utf-8"},
	"text/plain":                {Display: DisplayText, Words: "Text"},
	"text/csv":                  {Display: DisplayText, Words: "CSV table"},
	"text/tab-separated-values": {Display: DisplayText, Words: "TSV table"},
	"text/html":                 {Display: DisplayText, Words: "HTML page"},
	"application/xhtml+xml":     {Display: DisplayText, Words: "HTML page"},
	"text/xml":                  {Display: DisplayText, Words: "XML"},
	"application/json":          {Display: DisplayText, Words: "JSON"},
	"application/geo+json":      {Display: DisplayText, Words: "JSON"},
	"application/x-ndjson":      {Display: DisplayText, Words: "JSON lines"},
	"model/gltf+json":           {Display: DisplayText, Words: "glTF model"},
	"text/javascript":           {Display: DisplayText, Words: "JavaScript code"},
	"text/x-php":                {Display: DisplayText, Words: "PHP code"},
	"text/x-python":             {Display: DisplayText, Words: "Python code"},
	"text/x-ruby":               {Display: DisplayText, Words: "Ruby code"},
	"text/x-perl":               {Display: DisplayText, Words: "Perl code"},
	"text/x-lua":                {Display: DisplayText, Words: "Lua code"},
	"text/x-tcl":                {Display: DisplayText, Words: "Tcl code"},
	"text/x-shellscript":        {Display: DisplayText, Words: "Shell script"},
	"text/vtt":                  {Display: DisplayText, Words: "Subtitles"},
	"application/x-subrip":      {Display: DisplayText, Words: "Subtitles"},
	"text/calendar":             {Display: DisplayText, Words: "Calendar"},
	"text/vcard":                {Display: DisplayText, Words: "Contact"},
	"message/rfc822":            {Display: DisplayText, Words: "Email"},
	"application/rss+xml":       {Display: DisplayText, Words: "RSS feed"},
	"application/atom+xml":      {Display: DisplayText, Words: "Atom feed"},
	"application/gpx+xml":       {Display: DisplayText, Words: "GPX track"},
	"application/x-xliff+xml":   {Display: DisplayText, Words: "XLIFF translation"},

	"text/rtf":                      {Words: "RTF document"},
	"application/msword":            {Words: "Word document"},
	"application/vnd.ms-excel":      {Words: "Excel table"},
	"application/vnd.ms-powerpoint": {Words: "PowerPoint slides"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {Words: "Word document"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {Words: "Excel table"},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {Words: "PowerPoint slides"},
	"application/vnd.oasis.opendocument.text":                                   {Words: "OpenDocument text"},
	"application/vnd.oasis.opendocument.spreadsheet":                            {Words: "OpenDocument table"},
	"application/vnd.oasis.opendocument.presentation":                           {Words: "OpenDocument slides"},
	"application/epub+zip":        {Words: "EPUB book"},
	"application/zip":             {Words: "ZIP archive"},
	"application/x-7z-compressed": {Words: "7z archive"},
	"application/vnd.rar":         {Words: "RAR archive"},
	"application/gzip":            {Words: "Gzip archive"},
	"application/x-tar":           {Words: "TAR archive"},
	"font/ttf":                    {Words: "TrueType font"},
	"font/otf":                    {Words: "OpenType font"},
	"font/woff":                   {Words: "WOFF font"},
	"font/woff2":                  {Words: "WOFF2 font"},
	"font/collection":             {Words: "Font collection"},
	"model/gltf-binary":           {Words: "glTF model"},
}

// TypeOf returns what we know of a content type. An unknown type is a file to download, and an unknown text is shown as
// text.
func TypeOf(contentType string) Type {
	if t, ok := knownTypes[contentType]; ok {
		return t
	}
	bare, _, _ := strings.Cut(contentType, ";")
	if t, ok := knownTypes[strings.TrimSpace(bare)]; ok {
		if t.Display == DisplayText {
			t.Serve = ""
		}
		return t
	}
	if strings.HasPrefix(bare, "text/") {
		return Type{Display: DisplayText, Words: "Text"}
	}
	if contentType == "" {
		return Type{}
	}
	return Type{Words: "File"}
}
