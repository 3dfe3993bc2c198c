#pragma once

#include "config/options.hpp"
#include "config/validate_internal.hpp"

namespace loadstar::config {

/// Checks the files that the options name: readable, and secrets not readable by others (warning).
/// Those of `listen.tls` must make a certificate that can be served (read_server_certificate()).
/// Time zones must be known to the system, if it knows any.
void check_files(const Options& options, Findings& findings);

}  // namespace loadstar::config
