// SPDX-License-Identifier: Apache-2.0
//
// One table of a TOML file, read field by field. A field that is missing, of the wrong kind or out of range becomes an
// error with its place and remedy, and reads as what it was before, so that one reading finds all errors.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/bytes.h"
#include "host-service/config/toml_errors.h"

namespace hypertier::sim {

class Section {
 public:
  // `name` is for messages: "group[2].fmem". Both references must outlive the section.
  Section(const toml::table& table, std::string name, config::TomlErrors& errors)
      : table_(table), name_(std::move(name)), errors_(errors) {}

  bool Has(std::string_view field) const { return table_.contains(field); }

  void Read(std::string_view field, double least, double most, double& value);
  // A whole number.
  void ReadCount(std::string_view field, std::int64_t least, std::int64_t most, std::int64_t& value);
  void Read(std::string_view field, bool& value);
  // A name that is no empty text.
  void Read(std::string_view field, std::string& value);
  // A size such as "64GiB".
  void Read(std::string_view field, Bytes& value);
  // A size, or a percentage of it, such as "20%".
  void Read(std::string_view field, Bytes whole, Bytes& value);

  // Calls `read` with the table of that name, if there is one.
  void ReadTable(std::string_view field, const std::function<void(Section&)>& read);
  // Calls `read` with each table of [[field]].
  void ReadTables(std::string_view field, const std::function<void(Section&)>& read);

  // Errors about what was read: `field` is absent, or says what it may not.
  void Require(std::string_view field, std::string_view remedy);
  void Wrong(std::string_view field, std::string_view text);

  // To be called last: whatever has not been asked for is unknown.
  void Close();

 private:
  // Null if it is absent.
  const toml::node* Find(std::string_view field);
  void ReadAmount(std::string_view field, Bytes whole, bool percent, Bytes& value);
  std::string NameOf(std::string_view field) const;
  void ReadTableOf(const toml::node& node, const std::string& name, const std::function<void(Section&)>& read);

  const toml::table& table_;
  const std::string name_;
  config::TomlErrors& errors_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace hypertier::sim
