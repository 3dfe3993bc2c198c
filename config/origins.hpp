#pragma once

#include "config/problem.hpp"

#include <map>
#include <string>
#include <string_view>

namespace loadstar::config {

/// Where the values of an Options came from. Empty for options that were not read from a file.
class Origins {
 public:
  struct Place {
    Mark mark;                  ///< of the value; of the key for a section
    bool interpolated = false;  ///< the value came from outside the file and is not quoted
    bool broken = false;        ///< has a problem already; the stored value is not the user's
  };

  void add(std::string key, Place place) { places_.emplace(std::move(key), place); }
  void mark_broken(const std::string& key) { places_[key].broken = true; }

  /// Whether the file sets `key`, well or badly.
  [[nodiscard]] bool is_set(const std::string& key) const { return places_.contains(key); }

  /// Whether `key`, or something above or below it, has a problem of its own already.
  [[nodiscard]] bool is_broken(const std::string& key) const;

  [[nodiscard]] bool is_interpolated(const std::string& key) const;

  /// The place of `key`, else of the nearest key above it, else the begin of the file.
  [[nodiscard]] Mark locate(std::string_view key) const;

 private:
  std::map<std::string, Place> places_;
};

}  // namespace loadstar::config
