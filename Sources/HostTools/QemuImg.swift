import SystemPackage

/// qemu-img(1). The format is always named, so that a guest's bytes cannot decide what is opened.
public enum QemuImg {
    /// qemu-img(1), where the host has it.
    public static let program = Program("qemu-img", package: "qemu-utils", for: "qcow2 disks")

    /// Internal snapshots, which transactions are made of.
    public enum SnapshotAction: String, Sendable {
        case create = "-c"
        case apply = "-a"
        case delete = "-d"
    }

    /// Takes, returns to, or drops an internal snapshot.
    public static func snapshot(_ action: SnapshotAction, _ name: String, of disk: FilePath) -> Command {
        Command(program, ["snapshot", action.rawValue, name, "-q", "--image-opts", options(disk)])
    }

    /// Looks for damage.
    public static func check(_ disk: FilePath, format: String = "qcow2", repair: String? = nil) -> Command {
        Command(program, ["check", "-q", "-f", format] + (repair.map { ["-r", $0] } ?? []) + [disk.string])
    }

    /// Writes what an overlay has into the disk below it, and leaves the overlay as it is.
    public static func commit(_ overlay: FilePath) -> Command {
        Command(program, ["commit", "-q", "-d", "-f", "qcow2", overlay.string])
    }

    /// Copies a disk into a new file of another format, with holes for zeroes and no reference to any other file.
    ///
    /// - Parameter tells: whether it tells on standard output how far it is: "    (12.34/100%)" and a carriage return.
    public static func convert(
        _ source: FilePath, format: String, to target: FilePath, as targetFormat: String, tells: Bool = false
    ) -> Command {
        Command(
            program,
            ["convert"] + (tells ? ["-p"] : []) + ["-f", format, "-O", targetFormat, source.string, target.string])
    }

    /// The same of a disk that is whole by itself, which tells how far it is: no backing file of it is opened, whatever its header says.
    public static func convert(alone source: FilePath, format: String, to target: FilePath, as targetFormat: String)
        -> Command
    {
        let file = "{\"driver\":\"file\",\"filename\":\(json(source.string))}"
        // Other drivers have no such option.
        let backing = ["vmdk", "qed", "qcow"].contains(format) ? "\"backing\":null," : ""
        return Command(
            program,
            [
                "convert", "-p", "-O", targetFormat, "json:{\"driver\":\(json(format)),\(backing)\"file\":\(file)}",
                target.string,
            ])
    }

    private static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What is known of a disk, as JSON.
    public static func info(_ disk: FilePath, format: String) -> Command {
        Command(program, ["info", "-U", "--output=json", "-f", format, disk.string])
    }

    /// Changes a disk's size.
    public static func resize(_ disk: FilePath, to size: Int64) -> Command {
        Command(program, ["resize", "-q", "-f", "qcow2", disk.string, String(size)])
    }

    private static func options(_ disk: FilePath) -> String {
        // A comma in an option's value is written twice.
        let name = disk.string.replacingScalar(",", with: ",,")
        return "driver=qcow2,file.driver=file,file.filename=\(name)"
    }
}
