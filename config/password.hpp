#pragma once

#include "config/scalar.hpp"
#include "core/base/secret.hpp"

#include <functional>
#include <string>

namespace loadstar::config {

/// The password in `path`: one line, its line end taken off. Refused if it cannot be read, is
/// empty, or has a control byte. The error never quotes the content.
[[nodiscard]] Parsed<Secret> read_password_file(const std::string& path);

/// A provider for starrocks::ClientOptions::password. Each call looks at the file and reads it
/// again if its inode, size or time of change is another one; while it cannot be read, the last
/// password that could be read is given. Thread-safe.
[[nodiscard]] std::function<Secret()> make_password_provider(std::string path);

}  // namespace loadstar::config
