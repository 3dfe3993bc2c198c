#include "config/load.hpp"

#include "config/document.hpp"
#include "config/files.hpp"
#include "config/interpolate.hpp"
#include "config/password.hpp"
#include "config/read.hpp"
#include "config/resources.hpp"
#include "config/source_line.hpp"
#include "config/validate.hpp"

#include <utility>

namespace loadstar::config {
namespace {

/// Puts the found values in the places of `auto`.
void resolve(Options& options, const Surroundings& surroundings) {
  const ResourceOptions& resources = options.resources;
  options.core.limits.memory =
      resources.memory ? *resources.memory : automatic_memory(surroundings);
  options.threads = resources.threads ? *resources.threads : automatic_threads(surroundings);
}

std::function<Secret()> password_provider(const CredentialOptions& credentials) {
  if (!credentials.password_file.empty()) return make_password_provider(credentials.password_file);
  return [password = credentials.password] { return password; };
}

void require_version(const Origins& origins, std::vector<Problem>& problems) {
  if (origins.is_set("version")) return;
  problems.push_back(
      {Severity::kError, {}, {1, 1}, "version", "is missing; write `version: 1`", {}});
}

}  // namespace

Loaded load_text(std::string_view text, const std::string& file_name,
                 const Surroundings& surroundings) {
  Loaded loaded;
  std::vector<Problem>& problems = loaded.problems;
  Node document = parse_document(text, problems);
  interpolate(document, surroundings, problems);
  Options options = read_options(document, loaded.origins, problems);
  resolve(options, surroundings);
  // Of a file that ends in the middle nothing can be said to be missing.
  if (!document.broken) {
    require_version(loaded.origins, problems);
    const auto invalid = validate(options, loaded.origins);
    problems.insert(problems.end(), invalid.begin(), invalid.end());
    Findings findings(loaded.origins);
    check_files(options, findings);
    const auto unusable = findings.take();
    problems.insert(problems.end(), unusable.begin(), unusable.end());
  }
  sort_problems(problems);
  const SourceLines lines(text, find_secrets(document));
  for (Problem& problem : problems) {
    problem.file = file_name;
    problem.source = lines.show(problem.mark, problem.message.starts_with("unknown key"));
    problem.message = lines.without_secrets(std::move(problem.message));
    problem.key = shortened(std::move(problem.key));
  }
  if (!has_errors(problems)) {
    options.core.starrocks.password = password_provider(options.credentials);
    loaded.options = std::move(options);
  }
  return loaded;
}

Loaded load_file(const std::string& path, const Surroundings& surroundings) {
  const auto content = read_small_file(path, kMaxFileBytes, FileKind::kAny);
  if (content.ok()) return load_text(content.value(), path, surroundings);
  Loaded loaded;
  loaded.problems.push_back({Severity::kError, path, {}, {}, "the file " + content.error(), {}});
  return loaded;
}

}  // namespace loadstar::config
