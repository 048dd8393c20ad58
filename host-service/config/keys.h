// SPDX-License-Identifier: Apache-2.0
//
// The one table of configuration keys: it drives reading, checking and the reference.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "host-service/config/config.h"

namespace hypertier::config {

// Kinds of values: where the value lies in Config, and its bounds.
struct TextKey {
  std::string& (*field)(Config&);
  // Null: anything goes. InvalidArgument: "what is wrong; remedy".
  absl::Status (*check)(const std::string&);
};
struct ModeKey {
  unsigned& (*field)(Config&);
};
struct BoolKey {
  bool& (*field)(Config&);
};
struct IntegerKey {
  int& (*field)(Config&);
  std::int64_t min, max;
};
struct DurationKey {
  absl::Duration& (*field)(Config&);
  absl::Duration unit;
  // In units.
  std::int64_t min, max;
};
struct BytesKey {
  Bytes& (*field)(Config&);
  Bytes max;
};

struct Key {
  // "section.key".
  std::string_view name;
  // What the value counts or looks like.
  std::string_view unit;
  std::string_view meaning;
  std::variant<TextKey, ModeKey, BoolKey, IntegerKey, DurationKey, BytesKey> kind;
};

// In the order of the reference: sections together.
std::span<const Key> Keys();

// The value of `key` in `config`, as TOML.
std::string FormatValue(const Key& key, Config config);

}  // namespace hypertier::config
