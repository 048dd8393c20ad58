// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/utf8.h"

namespace hypertier::tierctl::report {
namespace {

constexpr std::size_t kNameLimit = 200;

std::string LabelOf(const Sample& sample, const char* name) {
  const auto found = sample.labels.find(name);
  return found == sample.labels.end() ? "" : found->second;
}

std::set<std::string> LabelsOf(const std::vector<Sample>& samples, const char* name) {
  std::set<std::string> values;
  for (const Sample& sample : samples) {
    std::string value = LabelOf(sample, name);
    if (!value.empty()) values.insert(std::move(value));
  }
  return values;
}

// "a, b, c and 17 more".
std::string List(const std::set<std::string>& names) {
  constexpr std::size_t kMost = 20;
  std::string list;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    if (++shown > kMost) return list + fmt::format(" and {} more", names.size() - kMost);
    list += (shown == 1 ? "" : ", ") + Printable(name, kNameLimit);
  }
  return list;
}

std::string WithoutPrefix(const std::string& name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

// Everything of `metric` that there was in the span, by the labels that count.
absl::StatusOr<std::vector<Sample>> Seen(const Prometheus& prometheus, std::string_view by, const std::string& series,
                                         const Span& span) {
  return prometheus.Instant(fmt::format("max by ({}) (last_over_time({}[{}s]))", by, series, span.seconds()), span.to);
}

// The one host of `seen`, what of it is on the host that was asked for.
absl::StatusOr<std::string> OneInstance(const std::vector<Sample>& seen, const std::string& instance,
                                        const std::string& what) {
  const std::set<std::string> instances = LabelsOf(seen, "instance");
  if (!instance.empty()) return instance;
  if (instances.size() == 1) return *instances.begin();
  return absl::InvalidArgumentError(
      fmt::format("{} is known of several hosts: choose one with --instance: {}", what, List(instances)));
}

absl::Status NoHost(const Prometheus& prometheus, const std::set<std::string>& instances, const std::string& instance,
                    const Span& span) {
  if (instances.empty()) {
    return absl::NotFoundError(
        fmt::format("Prometheus at {} has seen no hypertierd in {}: is one scraped? (docs/monitoring.md)",
                    prometheus.shown(), DescribeLast(span)));
  }
  return absl::NotFoundError(fmt::format("no host \"{}\" in {}; --instance can be: {}", Printable(instance, kNameLimit),
                                         DescribeLast(span), List(instances)));
}

}  // namespace

std::string Scope::Of(std::string_view metric, std::vector<std::pair<std::string, std::string>> labels) const {
  labels.emplace_back("instance", instance);
  return Select(metric, labels);
}

absl::StatusOr<Scope> FindScope(const Prometheus& prometheus, Kind kind, const std::string& name,
                                const std::string& instance, const Span& span) {
  const auto hosts = Seen(prometheus, "instance", "hypertier_build_info", span);
  if (!hosts.ok()) return hosts.status();
  const std::set<std::string> instances = LabelsOf(*hosts, "instance");
  if (instances.empty() || (!instance.empty() && !instances.contains(instance))) {
    return NoHost(prometheus, instances, instance, span);
  }
  Scope scope{.kind = kind, .instance = instance, .name = {}, .vm = {}, .tenant = {}};
  if (kind == Kind::kHost) {
    const auto one = OneInstance(*hosts, instance, "hypertierd");
    if (!one.ok()) return one.status();
    scope.instance = *one;
    return scope;
  }

  const bool tenant = kind == Kind::kTenant;
  const std::string word = tenant ? "tenant" : "VM";
  const std::string wanted = WithoutPrefix(name, tenant ? "tenants/" : "vms/");
  std::vector<std::pair<std::string, std::string>> labels;
  if (!instance.empty()) labels.emplace_back("instance", instance);
  const auto all = tenant ? Seen(prometheus, "instance,tenant", Select("hypertier_tenant_vms", labels), span)
                          : Seen(prometheus, "instance,vm,name,tenant", Select("hypertier_vm_info", labels), span);
  if (!all.ok()) return all.status();
  std::vector<Sample> meant;
  for (const Sample& sample : *all) {
    if (LabelOf(sample, tenant ? "tenant" : "name") == wanted || (!tenant && LabelOf(sample, "vm") == wanted)) {
      meant.push_back(sample);
    }
  }
  if (meant.empty()) {
    const std::set<std::string> names = LabelsOf(*all, tenant ? "tenant" : "name");
    const std::string where = instance.empty() ? "" : fmt::format(" on {}", Printable(instance, kNameLimit));
    if (names.empty()) {
      return absl::NotFoundError(fmt::format("Prometheus at {} has seen no {}s{} in {}{}", prometheus.shown(), word,
                                             where, DescribeLast(span),
                                             tenant ? "" : ": is metrics.per_vm off in hypertierd's configuration?"));
    }
    return absl::NotFoundError(fmt::format("no {} \"{}\"{} in {}; there are: {}", word, Printable(wanted, kNameLimit),
                                           where, DescribeLast(span), List(names)));
  }
  const std::string what = fmt::format("{} {}", word, Printable(wanted, kNameLimit));
  const auto one = OneInstance(meant, instance, what);
  if (!one.ok()) return one.status();
  scope.instance = *one;
  scope.name = LabelOf(meant.back(), tenant ? "tenant" : "name");
  if (tenant) return scope;
  const std::set<std::string> uuids = LabelsOf(meant, "vm");
  if (uuids.size() > 1) {
    return absl::InvalidArgumentError(
        fmt::format("several domains were named {} in that time: name one by its UUID: {}", what, List(uuids)));
  }
  scope.vm = *uuids.begin();
  scope.tenant = LabelOf(meant.back(), "tenant");
  return scope;
}

}  // namespace hypertier::tierctl::report
