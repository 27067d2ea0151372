import Crash
import DevboxCore
import TestSupport
import Testing
