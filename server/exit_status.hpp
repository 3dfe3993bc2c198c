#pragma once

namespace loadstar::server {

// Exit status of the program (architecture.md 7; names of sysexits).

inline constexpr int kExitOk = 0;            ///< all that was received is committed
inline constexpr int kExitUsage = 64;        ///< the command line
inline constexpr int kExitNoInput = 66;      ///< a file cannot be read
inline constexpr int kExitUnavailable = 69;  ///< StarRocks (serve) or the daemon (push) is absent
inline constexpr int kExitInternal = 70;     ///< a defect of ours
inline constexpr int kExitUnfinished = 75;   ///< received or read, and not committed
inline constexpr int kExitBadConfig =
    78;  ///< the configuration, or an address in it, cannot be used

}  // namespace loadstar::server
