import DevboxCommands

@main
enum Devbox {
    static func main() { DevboxCommand.run() }
}
