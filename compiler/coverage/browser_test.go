//go:build unix

package coverage_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// browser runs a Chromium without a window and without a network.
type browser struct {
	path string
	dir  string // pages and the browser's own files
}

// newBrowser finds a browser through ci/browser.sh, which may install one, or skips
// the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds: not in short mode")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "../../ci/browser.sh")
	var why bytes.Buffer
	cmd.Stderr = &why
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("=== SKIPPED: the page was not opened in a browser: %s ===", strings.TrimSpace(why.String()))
	}
	// Not t.TempDir: what the browser leaves behind for a moment must not fail it.
	dir, err := os.MkdirTemp("", "lintel-coverage-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 20 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("%s could not be removed", dir)
	})
	return &browser{strings.TrimSpace(string(out)), dir}
}

// page writes a page and returns its address.
func (b *browser) page(t *testing.T, name, html string) string {
	t.Helper()
	file := filepath.Join(b.dir, name)
	if err := os.WriteFile(file, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}

// run opens an address and returns what the browser printed, and the messages of the
// page's console.
func (b *browser) run(t *testing.T, address string, flags ...string) (out string, console []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-default-browser-check",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
		"--disable-extensions", "--disable-breakpad", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
		"--user-data-dir=" + filepath.Join(b.dir, "profile"), "--virtual-time-budget=3000",
	}, flags...)
	cmd := exec.CommandContext(ctx, b.path, append(args, address)...)
	// A group of its own: what the browser starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	group := func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
			return err
		}
		return nil
	}
	cmd.Cancel = group
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.Process != nil {
		_ = group() // mostly gone by now
		for end := time.Now().Add(5 * time.Second); b.running(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("processes of the browser are still running")
				break
			}
		}
	}
	if err != nil {
		t.Fatalf("run the browser: %v\n%s", err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, strings.TrimSpace(line))
		}
	}
	return stdout.String(), console
}

// running tells whether a process that was given the browser's folder lives. One that
// ended and was not collected yet has no command line. Without /proc nothing is known.
func (b *browser) running() bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if line, err := os.ReadFile(f); err == nil && bytes.Contains(line, []byte(b.dir)) {
			return true
		}
	}
	return false
}

// dom opens an address and returns the document after its scripts ran; a message on
// the console fails the test.
func (b *browser) dom(t *testing.T, address string) string {
	t.Helper()
	out, console := b.run(t, address, "--dump-dom")
	if len(console) > 0 {
		t.Errorf("%s: the console says\n%s", address, strings.Join(console, "\n"))
	}
	if !strings.HasSuffix(strings.TrimSpace(out), "</html>") {
		t.Fatalf("%s: the document is %d bytes and ends in %q", address, len(out), out[max(0, len(out)-80):])
	}
	return out
}

// shown are the anchors of the routes that are not hidden, and the text of the count.
func shown(dom string) (anchors, open []string, count string) {
	for _, m := range regexp.MustCompile(`<details class="route" id="(r\d+)"([^>]*)>`).FindAllStringSubmatch(dom, -1) {
		if !strings.Contains(m[2], "hidden") {
			anchors = append(anchors, m[1])
		}
		if strings.Contains(m[2], "open") {
			open = append(open, m[1])
		}
	}
	if m := regexp.MustCompile(`<output id="shown"[^>]*>([^<]*)</output>`).FindStringSubmatch(dom); m != nil {
		count = m[1]
	}
	return anchors, open, count
}

// TestBrowser opens the page of a run and looks at what a person would see.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	in := shop(t)
	r := compute(t, in)
	address := b.page(t, "shop.html", html(t, r, pageOf(in)))

	// r0 home, r1 cart-read, r2 cart-write, r3 rest, r4 old
	for _, test := range []struct{ fragment, anchors, open, count string }{
		{"", "r0 r1 r2 r3 r4", "", "5 of 5 routes"},
		{"#q=SITE+reGex&uncovered=1", "r4", "", "1 of 5 routes"},
		{"#r4", "r0 r1 r2 r3 r4", "r4", "5 of 5 routes"},
		{"#%E0%A4%A", "r0 r1 r2 r3 r4", "", "5 of 5 routes"},
		{"#q=nothing+has+this", "", "", "0 of 5 routes"},
	} {
		dom := b.dom(t, address+test.fragment)
		anchors, open, count := shown(dom)
		if got := strings.Join(anchors, " "); got != test.anchors || strings.Join(open, " ") != test.open || count != test.count {
			t.Errorf("%q: %q are shown, %q are open, the count is %q; want %q, %q, %q", test.fragment, got, open, count, test.anchors, test.open, test.count)
		}
		if strings.Contains(dom, `<form id="find" class="card" role="search" hidden`) {
			t.Errorf("%q: the filter is hidden", test.fragment)
		}
		if none := !strings.Contains(dom, `<p id="none" class="card" hidden`); none != (test.anchors == "") {
			t.Errorf("%q: that nothing fits is shown: %v", test.fragment, none)
		}
	}
}

// TestBrowserHostile opens a page in which every text is an attack.
func TestBrowserHostile(t *testing.T) {
	b := newBrowser(t)
	r, p := hostile(t)
	dom := b.dom(t, b.page(t, "hostile.html", html(t, r, p)))
	if strings.Contains(dom, "<title>taken") || strings.Contains(dom, "<img") || strings.Count(dom, "<script") != 1 {
		t.Error("a text became markup")
	}
	if _, _, count := shown(dom); count != "5 of 5 routes" {
		t.Errorf("the count is %q", count)
	}
}

// TestBrowserPolicy holds that the page's own policy stops a script that is not ours,
// and that the console tells.
func TestBrowserPolicy(t *testing.T) {
	b := newBrowser(t)
	in := shop(t)
	page := strings.Replace(html(t, compute(t, in), pageOf(in)), "</body>", `<script>document.title="taken"</script></body>`, 1)
	out, console := b.run(t, b.page(t, "policy.html", page), "--dump-dom")
	if strings.Contains(out, "<title>taken") || !strings.Contains(strings.Join(console, "\n"), "Content Security Policy") {
		t.Errorf("the script ran, or the console does not tell:\n%s", strings.Join(console, "\n"))
	}
}

// drive is a script that uses the page as a person does and writes down what it sees.
const drive = `<script>(async () => {
	const wait = ms => new Promise(done => setTimeout(done, ms));
	const by = id => document.getElementById(id);
	const seen = {}, out = document.createElement("pre");
	const type = async text => { by("q").value = text; by("q").dispatchEvent(new Event("input", {bubbles: true})); await wait(300); };
	const open = () => document.querySelectorAll(".module[open]").length;
	seen.width = document.documentElement.scrollWidth <= innerWidth;
	seen.before = open();
	document.querySelector(".module").open = false;
	await type("cart");
	seen.typed = by("shown").value + " " + location.hash;
	seen.domains = [...document.querySelectorAll(".domain")].filter(d => !d.hidden).length;
	by("only").click();
	await wait(300);
	seen.only = by("shown").value + " " + location.hash;
	by("only").click();
	await type("");
	seen.cleared = by("shown").value + " " + open();
	for (const hash of ["q=cart", "uncovered=1", "q=without%20the%20cookie", "q=team-shop", "no-such-place"]) {
		location.hash = "#" + hash;
		await wait(100);
		seen[hash] = [...document.querySelectorAll(".route:not([hidden])")].map(r => r.id).join(" ");
	}
	await type("home");
	location.hash = "#r4";
	await wait(100);
	seen.followed = by("shown").value + " " + by("r4").open + " " + by("r4").hidden;
	seen.unlabelled = [...document.querySelectorAll("input")].filter(i => !i.labels.length).length;
	seen.main = document.querySelectorAll("main").length + document.querySelectorAll("h1").length;
	out.id = "seen";
	out.textContent = Object.entries(seen).map(([k, v]) => k + "=" + v).join("\n");
	document.body.append(out);
})()</script></body>`

// TestBrowserUse types into the filter, ticks its box and follows links, on a wide
// window and on one as narrow as a phone.
func TestBrowserUse(t *testing.T) {
	b := newBrowser(t)
	in := shop(t)
	page := html(t, compute(t, in), pageOf(in))
	page = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(page, "")
	address := b.page(t, "use.html", strings.Replace(page, "</body>", drive, 1))
	// "rest" names "cart-read" because it took one of its cases.
	want := strings.Join([]string{
		"width=true", "before=3", "typed=3 of 5 routes #q=cart", "domains=1", "only=2 of 5 routes #q=cart&amp;uncovered=1",
		"cleared=5 of 5 routes 2", "q=cart=r1 r2 r3", "uncovered=1=r1 r2 r4", "q=without%20the%20cookie=r1", "q=team-shop=r1 r2 r3 r4",
		"no-such-place=r1 r2 r3 r4", "followed=5 of 5 routes true false", "unlabelled=0", "main=2",
	}, "\n")
	for _, size := range []string{"1280,900", "390,800"} {
		out, console := b.run(t, address, "--dump-dom", "--window-size="+size)
		_, seen, _ := strings.Cut(out, `<pre id="seen">`)
		seen, _, _ = strings.Cut(seen, "</pre>")
		if seen != want || len(console) > 0 {
			t.Errorf("%s: seen\n%s\nwant\n%s\nconsole %s", size, seen, want, console)
		}
	}
}

// TestBrowserLarge opens the page of 1,000 routes.
func TestBrowserLarge(t *testing.T) {
	b := newBrowser(t)
	r, p := large(1000)
	start := time.Now()
	dom := b.dom(t, b.page(t, "large.html", html(t, r, p))+"#q=operation-99")
	t.Logf("opened in %v", time.Since(start))
	if anchors, _, count := shown(dom); count != "11 of 1000 routes" || len(anchors) != 11 {
		t.Errorf("the count is %q, %d are shown", count, len(anchors))
	}
}

// TestBrowserPictures takes pictures in both colour schemes, on a phone and in print,
// into the folder LINTEL_PICTURES or one that is removed.
func TestBrowserPictures(t *testing.T) {
	b := newBrowser(t)
	dir := os.Getenv("LINTEL_PICTURES")
	if dir == "" {
		dir = t.TempDir()
	}
	shopIn, exampleIn := shop(t), example(t)
	shopPage := b.page(t, "shop.html", html(t, compute(t, shopIn), pageOf(shopIn))) + "#r1"
	examplePage := b.page(t, "example.html", html(t, compute(t, exampleIn), pageOf(exampleIn)))
	const light, dark = "--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"
	for _, look := range []struct {
		name, address, size, scheme string
		least, most                 float64 // of the background's brightness
	}{
		{"shop-light", shopPage, "1280,2400", light, 0.8, 1},
		{"shop-dark", shopPage, "1280,2400", dark, 0, 0.2},
		{"shop-phone", shopPage, "390,2400", light, 0.8, 1},
		{"example-light", examplePage, "1280,2400", light, 0.8, 1},
	} {
		file := filepath.Join(dir, look.name+".png")
		b.run(t, look.address, "--screenshot="+file, "--window-size="+look.size, look.scheme)
		if got := brightness(t, file); got < look.least || got > look.most {
			t.Errorf("%s: the background's brightness is %.2f", look.name, got)
		}
	}
	pdf := filepath.Join(dir, "shop.pdf")
	b.run(t, shopPage, "--print-to-pdf="+pdf, "--no-pdf-header-footer")
	if text, err := os.ReadFile(pdf); err != nil || !bytes.HasPrefix(text, []byte("%PDF")) {
		t.Errorf("the page does not print: %v", err)
	}
}
