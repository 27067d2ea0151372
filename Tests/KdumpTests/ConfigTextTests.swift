import Testing

@testable import Kdump

@Suite("Configuration files that arming edits")
struct ConfigTextTests {
    @Test("an assignment takes the place of the active one, and comments stay")
    func assigning() {
        let text = "# USE_KDUMP - 0 or 1\nUSE_KDUMP=0\n#MAKEDUMP_ARGS=\"-c -d 31\"\n"
        #expect(
            ConfigText.assigning("USE_KDUMP", "1", in: text)
                == "# USE_KDUMP - 0 or 1\nUSE_KDUMP=1\n#MAKEDUMP_ARGS=\"-c -d 31\"\n")
        #expect(
            ConfigText.assigning("MAKEDUMP_ARGS", "\"-c -d 1\"", in: text)
                == "# USE_KDUMP - 0 or 1\nUSE_KDUMP=0\n#MAKEDUMP_ARGS=\"-c -d 31\"\nMAKEDUMP_ARGS=\"-c -d 1\"\n")
        #expect(ConfigText.assigning("USE_KDUMP", "1", in: "") == "USE_KDUMP=1\n")
        // The last one is what the shell sees.
        #expect(ConfigText.assigning("A", "3", in: "A=1\nA=2") == "A=1\nA=3\n")
    }

    @Test("values are read without their quotes, and a commented one is only the default")
    func values() {
        let text = "A='x y'\nB=z # why\n#C=\"d e\"\n# AA=1\n"
        #expect(ConfigText.value(of: "A", in: text) == "x y")
        #expect(ConfigText.value(of: "B", in: text) == "z")
        #expect(ConfigText.value(of: "C", in: text) == nil)
        #expect(ConfigText.commentedValue(of: "C", in: text) == "d e")
        #expect(ConfigText.value(of: "AA", in: text) == nil)
    }

    @Test("every kernel of GRUB's menu gets the argument in place of its own, and no other line is touched")
    func grub() {
        let menu = """
            set linux=1
            menuentry 'Debian' {
            \tlinux\t/boot/vmlinuz-6.1 root=UUID=1 ro  quiet crashkernel=384M-:128M
            \tinitrd\t/boot/initrd.img-6.1
            \tlinuxefi /boot/vmlinuz-6.1 ro
            }
            # linux /boot/old

            """
        #expect(
            ConfigText.grub(menu, setting: "crashkernel=192M") == """
                set linux=1
                menuentry 'Debian' {
                \tlinux /boot/vmlinuz-6.1 root=UUID=1 ro quiet crashkernel=192M
                \tinitrd\t/boot/initrd.img-6.1
                \tlinuxefi /boot/vmlinuz-6.1 ro crashkernel=192M
                }
                # linux /boot/old

                """)
    }
}
