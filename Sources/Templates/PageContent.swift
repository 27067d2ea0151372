import DevboxCore
import Mustache

/// What values become in a page: text, whatever they are.
///
/// swift-mustache's own content type for HTML looks at a text letter by letter as people see them, and so passes over a quotation mark
/// that a combining character follows; a browser does not. Here every Unicode scalar is looked at.
struct PageContent: MustacheContentType {
    /// What it is called in a template; reading it makes it known.
    static let name = {
        let name = "PAGE"
        MustacheContentTypes.register(PageContent(), named: name)
        return name
    }()

    func escapeText(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            // What HTML has no place for, or what hides or turns around the text beside it, is shown as a terminal would show it.
            case _ where !Names.isPrintable(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
