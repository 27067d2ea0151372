public enum DevboxCommand { public static func run() {} }
