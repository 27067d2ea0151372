import Crash
