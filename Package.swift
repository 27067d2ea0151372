// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "devbox",
    products: [.executable(name: "devbox", targets: ["devbox"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Arrows point down only: a target depends on those below it.
        .executableTarget(name: "devbox", dependencies: ["DevboxCommands"], swiftSettings: settings),
        .target(
            name: "DevboxCommands",
            dependencies: [
                "Doctor", "Fetch", "Installing", "Kernels", "Kdump", "Dumps", "Crash", "Targets", "Guests", "Packages",
                "ELF", "Images", "QMP", "Templates", "Settings", "HostTools", "DevboxCore", arguments, system,
            ],
            swiftSettings: settings),
        .target(
            name: "Kernels",
            dependencies: [
                "Installing", "Targets", "Guests", "Packages", "ELF", "Boot", "Disks", "Stores", "HostTools",
                "DevboxCore",
                system,
            ],
            swiftSettings: settings),
        .target(
            name: "Installing",
            dependencies: [
                "Targets", "Guests", "Sandbox", "Packages", "Boot", "Disks", "Archives", "Templates", "Stores",
                "HostTools", "DevboxCore", system,
            ],
            swiftSettings: settings),
        .target(
            name: "Kdump",
            dependencies: [
                "Dumps", "Crash", "Targets", "Guests", "ELF", "Boot", "Disks", "Templates", "Stores", "HostTools",
                "DevboxCore", "CExt2FS", system,
            ],
            swiftSettings: settings),
        .target(
            name: "Doctor", dependencies: ["Guests", "Sandbox", "Images", "Stores", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .target(
            name: "Dumps",
            dependencies: [
                "Crash", "Targets", "Guests", "Images", "Disks", "QMP", "Templates", "HostTools", "DevboxCore", system,
            ],
            swiftSettings: settings),
        .target(
            name: "Fetch",
            dependencies: [
                "Installing", "Guests", "Packages", "Settings", "Stores", "HostTools", "Archives", "DevboxCore",
                "CCurl", "CLinux",
                system,
            ],
            swiftSettings: settings),
        .target(
            name: "Targets",
            dependencies: [
                "CLinux", "Guests", "Sandbox", "Boot", "Disks", "KernelLog", "Archives", "Templates", "HostTools",
                "DevboxCore",
                system,
            ],
            swiftSettings: settings),
        .target(
            name: "Guests",
            dependencies: [
                "Sandbox", "Images", "Boot", "Disks", "QMP", "KernelLog", "Templates", "Stores", "HostTools",
                "DevboxCore",
                "CLinux",
                system,
            ],
            swiftSettings: settings),
        .target(
            name: "Sandbox", dependencies: ["Disks", "Templates", "HostTools", "DevboxCore", "CLinux", system],
            swiftSettings: settings),
        .target(
            name: "Images",
            dependencies: [
                "Boot", "Disks", "Archives", "Templates", "Stores", "HostTools", "DevboxCore", "CExt2FS", system,
            ],
            swiftSettings: settings),
        .target(
            name: "Boot", dependencies: ["Disks", "Archives", "Templates", "DevboxCore", system],
            swiftSettings: settings),
        .target(
            name: "Disks", dependencies: ["DevboxCore", "CExt2FS", system],
            swiftSettings: settings),
        .target(name: "QMP", dependencies: ["HostTools", "DevboxCore", "CLinux", system], swiftSettings: settings),
        .target(name: "HostTools", dependencies: ["DevboxCore", "CLinux", system], swiftSettings: settings),
        .target(
            name: "Packages", dependencies: ["ELF", "Archives", "Stores", "DevboxCore", system],
            swiftSettings: settings),
        .target(
            name: "Crash",
            dependencies: ["ELF", "KernelLog", "Archives", "Stores", "DevboxCore", "CLinux", "CZlib", system],
            swiftSettings: settings),
        .target(
            name: "ELF", dependencies: ["Archives"], swiftSettings: settings),
        .target(name: "Stores", dependencies: ["DevboxCore", system], swiftSettings: settings),
        .target(name: "Archives", dependencies: ["DevboxCore", "CArchive", "CLZMA", system], swiftSettings: settings),
        .target(name: "KernelLog", dependencies: ["DevboxCore"], swiftSettings: settings),
        .target(
            name: "Templates", dependencies: ["CTemplates", "DevboxCore", mustache, system], swiftSettings: settings),
        .target(name: "CTemplates"),
        .target(name: "Settings", dependencies: ["DevboxCore", yams, system], swiftSettings: settings),
        .target(name: "DevboxCore", dependencies: ["CLinux", crypto, system], swiftSettings: settings),
        .target(name: "CLinux"),
        .target(name: "CCurl"),
        .testTarget(
            name: "DoctorTests",
            dependencies: ["Doctor", "Guests", "Sandbox", "Stores", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CExt2FS", pkgConfig: "ext2fs", providers: [.apt(["libext2fs-dev"])]),
        .target(
            name: "TestSupport",
            dependencies: ["Images", "Boot", "Templates", "Disks", "HostTools", "DevboxCore", "CLinux", system],
            path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "TestSupport", "Targets", "Crash", "Guests", "Sandbox", "Packages", "Archives", "HostTools",
                "DevboxCore",
                "devbox",
                system,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DevboxCoreTests", dependencies: ["TestSupport", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "TemplatesTests", dependencies: ["TestSupport", "Templates", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "SettingsTests", dependencies: ["TestSupport", "Settings", "DevboxCore"],
            swiftSettings: settings),
        .testTarget(
            name: "HostToolsTests", dependencies: ["TestSupport", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "StoresTests", dependencies: ["TestSupport", "Stores", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "QMPTests", dependencies: ["TestSupport", "QMP", "HostTools", "DevboxCore", "CLinux", system],
            swiftSettings: settings),
        .testTarget(
            name: "DisksTests", dependencies: ["TestSupport", "Disks", "HostTools", "DevboxCore", "CExt2FS", system],
            swiftSettings: settings),
        .testTarget(
            name: "BootTests", dependencies: ["TestSupport", "Boot", "Disks", "CArchive", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "ImagesTests",
            dependencies: ["TestSupport", "Images", "Disks", "Templates", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "PackagesTests",
            dependencies: ["TestSupport", "Packages", "Archives", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "KernelLogTests", dependencies: ["TestSupport", "KernelLog", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "ELFTests", dependencies: ["TestSupport", "ELF", "DevboxCore", system], swiftSettings: settings),
        .testTarget(
            name: "CrashTests",
            dependencies: ["TestSupport", "Crash", "KernelLog", "DevboxCore", system],
            exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "InstallingTests",
            dependencies: ["TestSupport", "Installing", "Guests", "Packages", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "KernelsTests",
            dependencies: ["TestSupport", "Kernels", "Installing", "Guests", "Disks", "DevboxCore"],
            swiftSettings: settings),
        .testTarget(
            name: "DumpsTests",
            dependencies: ["TestSupport", "Dumps", "Crash", "Guests", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "KdumpTests",
            dependencies: ["TestSupport", "Kdump", "Dumps", "Guests", "Templates", "DevboxCore", system],
            exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "SandboxTests", dependencies: ["TestSupport", "Sandbox", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "GuestsTests",
            dependencies: [
                "TestSupport", "Guests", "Images", "Disks", "QMP", "Stores", "HostTools", "DevboxCore", system,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TargetsTests",
            dependencies: ["TestSupport", "Targets", "Guests", "Templates", "HostTools", "DevboxCore", system],
            swiftSettings: settings),
        .testTarget(
            name: "FetchTests",
            dependencies: ["TestSupport", "Fetch", "Packages", "Settings", "HostTools", "DevboxCore", system],
            exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "DevboxCommandsTests",
            dependencies: ["TestSupport", "DevboxCommands", "Guests", "HostTools", "DevboxCore", arguments, system],
            swiftSettings: settings),
    ]
)
