// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

// Parse errors come back as values.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace hypertier::config {

// All that is wrong with one TOML file, so that one reading tells of everything.
class TomlErrors {
 public:
  explicit TomlErrors(std::string_view path) : path_(path) {}

  // "what is wrong; remedy", about `name`, or about the file itself where that is "".
  void Add(toml::source_position where, std::string_view name, std::string_view text);
  // In the order of the file, each on a line of its own: "path:line:column: name: text". OK if there is none.
  absl::Status Status() const;

 private:
  struct Error {
    toml::source_position where;
    std::string text;
  };
  std::string path_;
  std::vector<Error> errors_;
};

}  // namespace hypertier::config
