import DevboxCore
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Templates

@Suite("Templates")
struct TemplatesTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func work() throws -> WorkDirectory {
        try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    /// Templates with one of a user's own.
    private func own(_ name: String, _ text: String) throws -> Templates {
        try scratch.write(text, to: "own/\(name)")
        return Templates(overriddenBy: [scratch("own")])
    }

    @Test("the work directory's own come before the user's, and those before devbox's")
    func order() throws {
        let work = try work()
        let templates = Templates(work, environment: ["XDG_CONFIG_HOME": scratch("settings").string])
        #expect(try templates.text("image/etc/hosts") == Templates.builtIn.text("image/etc/hosts"))
        #expect(templates.override(of: "image/etc/hosts") == nil)
        try scratch.write("the user's", to: "settings/devbox/templates/image/etc/hosts")
        #expect(try templates.text("image/etc/hosts") == "the user's")
        try scratch.write("the work directory's", to: "work/templates/image/etc/hosts")
        #expect(try templates.text("image/etc/hosts") == "the work directory's")
        #expect(templates.override(of: "image/etc/hosts") == work.templates.appending("image/etc/hosts"))
    }

    @Test("a user's files are among those of their folder, each of them once")
    func added() throws {
        let templates = try own("image/etc/motd", "hello\n")
        try scratch.write("mine\n", to: "own/image/etc/hosts")
        let files = try templates.files(below: "image")
        #expect(try Set(files) == Set(Templates.builtIn.files(below: "image") + ["image/etc/motd"]))
        #expect(files == files.sorted() && Set(files).count == files.count)
        #expect(try templates.files().contains("lxc.conf.mustache"))
    }

    @Test("a folder of settings that is empty or relative counts as none", arguments: ["", "settings"])
    func relative(folder: String) throws {
        let name = "image/etc/hosts"
        for place in ["settings/devbox/templates", "devbox/templates"] {
            try scratch.write("x", to: "\(place)/\(name)")
        }
        let command = Command(
            Devbox.program, ["templates", name],
            environment: [
                "HOME": scratch("home").string, "DEVBOX_WORK": try work().path.string, "XDG_CONFIG_HOME": folder,
            ])
        #expect(try runner.run(command, directory: scratch.path).text == Templates.builtIn.text(name))
    }

    @Test("what devbox has no template for is said by its name")
    func missing() throws {
        let error = try #require(reported { _ = try Templates.builtIn.text("image/etc/nothing") })
        #expect(error.exitCode == .notFound && error.message.contains("image/etc/nothing"))
    }

    @Test("a user's own that is no Mustache is bad input, and says which it is")
    func damaged() throws {
        for (text, reason) in [
            ("a\nb\n{{#open}}\n", "a section is not closed"),
            ("a\n{{/b}}\n", "line 2: a section is closed that is not open"),
            ("{{a\n", "it ends within a {{tag}}"), ("{{> other}}\n", "it has a partial"),
        ] {
            let templates = try own("lxc.conf.mustache", text)
            let error = try #require(reported { _ = try templates.render("lxc.conf.mustache") })
            #expect(error.exitCode == .badInput && error.message.contains("lxc.conf.mustache"))
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test("in a text values stand as they are")
    func text() throws {
        let templates = try own("a.conf.mustache", "{{value}}\n")
        #expect(try templates.render("a.conf.mustache", ["value": "<a href=\"x\"> & 'y'"]) == "<a href=\"x\"> & 'y'\n")
    }

    private static let hostile: [(value: String, shown: String)] = [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onclick=\"alert(1)", "&quot; onclick=&quot;alert(1)"),
        ("' onclick='alert(1)", "&#39; onclick=&#39;alert(1)"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        // One letter to a reader, two to a browser.
        ("\"\u{301} onclick=\"\u{301}alert(1)", "&quot;\u{301} onclick=&quot;\u{301}alert(1)"),
        ("<\u{fe0f}b>", "&lt;\u{fe0f}b&gt;"),
        ("\r\n<b>", "\\u{d}\n&lt;b&gt;"),
        ("a\u{0}\u{1b}[2Jb\u{202e}c", "a\\u{0}\\u{1b}[2Jb\\u{202e}c"),
        ("{{other}}", "{{other}}"),
        ("Grüße, 你好 👩‍🔧", "Grüße, 你好 👩‍🔧"),
    ]

    @Test("in a page every value is text, whatever it is", arguments: hostile)
    func page(hostile: (value: String, shown: String)) throws {
        let templates = try own(
            "bug.html.mustache", "<p title=\"{{value}}\">{{value}}</p>{{#list}}<li>{{.}}</li>{{/list}}\n")
        let page = try templates.render(
            "bug.html.mustache", ["value": hostile.value, "list": [hostile.value], "other": "secret"])
        let shown = hostile.shown
        // Not compared as strings, to which some sequences of scalars are the same.
        #expect(
            Array(page.utf8) == Array("<p title=\"\(shown)\">\(shown)</p><li>\(shown)</li>\n".utf8), "\(page)")
    }
}
