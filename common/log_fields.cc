// SPDX-License-Identifier: Apache-2.0
#include "common/log_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/escape_json.h"
#include "common/utf8.h"

namespace hypertier {
namespace {

// Longer than any message that is worth a line, and shorter than what the journal or a pipe would split.
constexpr std::size_t kMostMessage = 8192;
constexpr std::size_t kMostField = 512;

// On one line. Lines of what was said in several are told apart by blanks.
std::string OneLine(std::string_view text, std::size_t limit) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return Printable(line, limit);
}

struct Field {
  const char* json;
  const char* journal;
  std::string LogFields::*value;
};

constexpr std::array<Field, 6> kFields = {{{"event", "HYPERTIER_EVENT", &LogFields::event},
                                           {"vm", "HYPERTIER_VM", &LogFields::vm},
                                           {"name", "HYPERTIER_VM_NAME", &LogFields::vm_name},
                                           {"tenant", "HYPERTIER_TENANT", &LogFields::tenant},
                                           {"tier", "HYPERTIER_TIER", &LogFields::tier},
                                           {"operation", "HYPERTIER_OPERATION", &LogFields::operation}}};

// By name and text of each field that is not empty.
template <typename Each>
void ForEach(const LogFields* fields, const Each& each) {
  if (fields == nullptr) return;
  for (const Field& field : kFields) {
    const std::string& value = fields->*field.value;
    if (!value.empty()) each(field, value);
  }
}

}  // namespace

std::string LogText(const LogFields* fields, std::string_view message) {
  std::string line;
  if (fields != nullptr && !fields->vm.empty()) {
    const std::string uuid = OneLine(fields->vm, kMostField);
    line = fields->vm_name.empty() ? fmt::format("vm {}: ", uuid)
                                   : fmt::format("vm {} ({}): ", OneLine(fields->vm_name, kMostField), uuid);
  }
  return line + OneLine(message, kMostMessage);
}

std::string LogJson(const LogFields* fields, std::string_view message) {
  std::string members;
  ForEach(fields, [&](const Field& field, const std::string& value) {
    members += fmt::format("\"{}\":\"{}\",", field.json, EscapeJson(std::string_view(value).substr(0, kMostField)));
  });
  return members + fmt::format("\"message\":\"{}\"", EscapeJson(message.substr(0, kMostMessage)));
}

std::vector<std::string> LogJournal(const LogFields* fields, std::string_view message) {
  std::vector<std::string> journal{"MESSAGE=" + LogText(fields, message)};
  ForEach(fields, [&](const Field& field, const std::string& value) {
    journal.push_back(fmt::format("{}={}", field.journal, OneLine(value, kMostField)));
  });
  return journal;
}

}  // namespace hypertier
