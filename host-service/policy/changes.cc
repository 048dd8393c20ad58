// SPDX-License-Identifier: Apache-2.0
#include "host-service/policy/changes.h"

#include <fmt/format.h>

#include "host-service/policy/parse.h"

namespace hypertier::policy {
namespace {

class List {
 public:
  template <typename T, typename Format>
  void Add(std::string_view what, const T& before, const T& after, Format format) {
    if (before == after) return;
    text_ += fmt::format("{}{} {} -> {}", text_.empty() ? "" : ", ", what, format(before), format(after));
  }
  void Add(const Terms& before, const Terms& after) {
    const auto amount = [](const std::optional<Amount>& a) { return a ? FormatAmount(*a) : "none"; };
    const auto shares = [](const std::optional<double>& s) { return s ? fmt::format("{:g}", *s) : "none"; };
    for (const TierId tier : kTiers) {
      const std::string name(TierName(tier));
      Add(name + " reservation", before[tier].reservation, after[tier].reservation, amount);
      Add(name + " limit", before[tier].limit, after[tier].limit, amount);
      Add(name + " shares", before[tier].shares, after[tier].shares, shares);
    }
  }
  std::string Text() const { return text_.empty() ? "nothing" : text_; }

 private:
  std::string text_;
};

}  // namespace

std::string Changes(const Terms& before, const Terms& after) {
  List list;
  list.Add(before, after);
  return list.Text();
}

std::string Changes(const VmTerms& before, const VmTerms& after) {
  List list;
  list.Add("mode", before.mode, after.mode,
           [](const std::optional<Mode>& mode) { return std::string(mode ? ModeName(*mode) : "none"); });
  list.Add("class", before.qos_class, after.qos_class,
           [](const std::string& name) { return name.empty() ? std::string("none") : name; });
  list.Add(before.terms, after.terms);
  return list.Text();
}

}  // namespace hypertier::policy
