import CTemplates
import Glibc

/// The files of templates/ as they were when devbox was built. They are a part of the program, so that a copy of it needs nothing
/// beside it, and none of them is read before somebody asks for it.
enum BuiltIn {
    /// The text of one; nil where there is none of that name.
    static func text(_ name: String) -> String? {
        all.first { strcmp($0.name, name) == 0 }.map { String(cString: $0.text) }
    }

    /// Their names, sorted.
    static var names: [String] { all.map { String(cString: $0.name) } }

    private static var all: UnsafeBufferPointer<devbox_template> {
        UnsafeBufferPointer(start: devbox_templates(), count: devbox_template_count())
    }
}
