// SPDX-License-Identifier: Apache-2.0
//
// What a line of the log is about, and the forms that it is written in. Names and messages may come from guests and
// tenants: no form lets them begin a line, end a string or name a field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hypertier {

// All empty: about nothing in particular.
struct LogFields {
  // What happened, one word of few: "violating", "operation_ended".
  std::string event;
  // A VM: its domain's UUID and name, and its tenant.
  std::string vm;
  std::string vm_name;
  std::string tenant;
  // "fmem" or "smem".
  std::string tier;
  // Id of a resize.
  std::string operation;
};

// While it lives, what this thread logs is about `fields`, which outlive it.
class LogAbout {
 public:
  explicit LogAbout(const LogFields& fields) : before_(current_) { current_ = &fields; }
  ~LogAbout() { current_ = before_; }
  LogAbout(const LogAbout&) = delete;
  LogAbout& operator=(const LogAbout&) = delete;

  // Null: nothing in particular.
  static const LogFields* Current() { return current_; }

 private:
  static inline thread_local const LogFields* current_ = nullptr;
  const LogFields* before_;
};

// One line for people: "vm web1 (6f0c...): message".
std::string LogText(const LogFields* fields, std::string_view message);

// Members of a JSON object: "event":"violating","vm":"6f0c...",...,"message":"message".
std::string LogJson(const LogFields* fields, std::string_view message);

// Fields of the journal: "MESSAGE=vm web1 (6f0c...): message", "HYPERTIER_VM=6f0c...", ...
std::vector<std::string> LogJournal(const LogFields* fields, std::string_view message);

}  // namespace hypertier
