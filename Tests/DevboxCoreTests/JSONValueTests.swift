import DevboxCore
import Testing

@Suite("JSON values")
struct JSONValueTests {
    private func roundTrip(_ text: String) throws -> String {
        let value = try RecordFile.decode(JSONValue.self, from: text.utf8)
        return String(decoding: try RecordFile.json(value, pretty: false), as: UTF8.self)
    }

    @Test(
        "any JSON comes out as it went in",
        arguments: [
            "null", "true", "false", "0", "1", "-9223372036854775808", "9223372036854775807", "1.5", "\"ä\\\"\\n/\"",
            "[]", "{}",
            #"{"a":[1,{"b":null}],"c":"2026-11-21T12:00:00Z"}"#,
        ])
    func survives(text: String) throws {
        #expect(try roundTrip(text) == text + "\n")
    }

    @Test("a number is not taken for a truth value, nor the other way round")
    func kinds() throws {
        #expect(try RecordFile.decode(JSONValue.self, from: "1".utf8) == .integer(1))
        #expect(try RecordFile.decode(JSONValue.self, from: "true".utf8) == .bool(true))
        #expect(try RecordFile.decode(JSONValue.self, from: "1e300".utf8) == .number(1e300))
    }

    @Test("the members of values are reached by name, and nothing is found where there is none")
    func members() throws {
        let value = try RecordFile.decode(
            JSONValue.self, from: #"{"return":{"running":true,"n":7,"list":["x"]}}"#.utf8)
        #expect(value["return"]?["running"]?.bool == true)
        #expect(value["return"]?["n"]?.integer == 7)
        #expect(value["return"]?["list"]?.array?.first?.string == "x")
        #expect(value["return"]?["n"]?.string == nil)
        #expect(value["absent"] == nil)
        #expect(JSONValue.array([])["return"] == nil)
    }

    @Test("what is not JSON is bad input, said in one line")
    func damaged() {
        let error = #expect(throws: Failure.self) { try RecordFile.decode(JSONValue.self, from: "{\"a\":".utf8) }
        #expect(error?.exitCode == .badInput)
    }
}
