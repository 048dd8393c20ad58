// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "host-service/tierctl/report/page.h"
#include "host-service/tierctl/report/panels.h"
#include "host-service/tierctl/report/prometheus.h"

namespace hypertier::tierctl {
namespace {

// As many values as a chart has room for.
constexpr int kSamples = 240;

struct Found {
  std::string title;
  std::string about;
  std::vector<Panel> panels;
};

// "a, b and 3 others".
std::string Some(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 8;
  std::string out = fmt::format("{}", fmt::join(names.begin(), names.begin() + std::min(names.size(), kMost), ", "));
  if (names.size() > kMost) out += fmt::format(" and {} others", names.size() - kMost);
  return out;
}

std::string LabelOf(const Series& series, const std::string& name) {
  const auto found = series.labels.find(name);
  return found == series.labels.end() ? "" : found->second;
}

class Reporter {
 public:
  Reporter(const ReportOptions& options, Range range)
      : options_(options), range_(range), prometheus_(options.prometheus) {}

  absl::StatusOr<Found> Find() const {
    switch (options_.subject) {
      case Subject::kHost:
        return FindHost();
      case Subject::kTenant:
        return FindTenant();
      case Subject::kVm:
        break;
    }
    return FindVm();
  }

  absl::StatusOr<DrawnPanel> Fill(Panel panel) const {
    DrawnPanel drawn;
    for (const Question& question : panel.questions) {
      absl::StatusOr<std::vector<Series>> all = prometheus_.Query(question.promql, range_);
      if (!all.ok()) return all.status();
      for (Series& series : *all) {
        drawn.lines.push_back(
            {question.by.empty() ? question.name : LabelOf(series, question.by), std::move(series.samples)});
      }
    }
    drawn.panel = std::move(panel);
    return drawn;
  }

 private:
  // One series for each combination of labels `by` that there was.
  absl::StatusOr<std::vector<Series>> Known(const std::string& selector, const std::string& by) const {
    return prometheus_.Query(fmt::format("count by ({}) ({})", by, selector), range_);
  }

  // What the label was, in order.
  absl::StatusOr<std::vector<std::string>> Values(const std::string& selector, const std::string& label) const {
    const absl::StatusOr<std::vector<Series>> all = Known(selector, label);
    if (!all.ok()) return all.status();
    std::vector<std::string> values;
    for (const Series& series : *all) values.push_back(LabelOf(series, label));
    std::ranges::sort(values);
    return values;
  }

  // What there would be instead.
  absl::Status Unknown(const std::string& what, const std::vector<std::string>& known) const {
    const std::string instead =
        known.empty() ? fmt::format("it has no metrics of hypertierd at all in the last {}; does it scrape hypertierd?",
                                    absl::FormatDuration(options_.last))
                      : fmt::format("it knows {}", Some(known));
    return absl::NotFoundError(fmt::format("Prometheus knows no {}; {}", what, instead));
  }

  std::string Window() const { return fmt::format("{:.0f}s", std::max(60.0, absl::ToDoubleSeconds(4 * range_.step))); }

  absl::StatusOr<Found> FindHost() const {
    const absl::StatusOr<std::vector<std::string>> hosts = Values("hypertier_build_info", "instance");
    if (!hosts.ok()) return hosts.status();
    std::string name = options_.name;
    if (name.empty() && hosts->size() > 1) {
      return absl::NotFoundError(
          fmt::format("Prometheus knows {} hosts; name one of them: {}", hosts->size(), Some(*hosts)));
    }
    if (name.empty() && !hosts->empty()) name = hosts->front();
    if (std::ranges::find(*hosts, name) == hosts->end()) return Unknown("host " + name, *hosts);
    return Found{"host " + name, "", HostPanels("instance=" + Quoted(name), Window())};
  }

  absl::StatusOr<Found> FindTenant() const {
    const absl::StatusOr<std::vector<std::string>> tenants = Values("hypertier_vm_info{tenant!=\"\"}", "tenant");
    if (!tenants.ok()) return tenants.status();
    if (std::ranges::find(*tenants, options_.name) == tenants->end())
      return Unknown("tenant " + options_.name, *tenants);
    const std::string matcher = "tenant=" + Quoted(options_.name);
    const absl::StatusOr<std::vector<std::string>> vms = Values("hypertier_vm_info{" + matcher + "}", "name");
    if (!vms.ok()) return vms.status();
    return Found{"tenant " + options_.name, "VMs in that time: " + Some(*vms), TenantPanels(matcher)};
  }

  absl::StatusOr<Found> FindVm() const {
    for (const char* label : {"name", "vm"}) {
      const std::string selector = fmt::format("hypertier_vm_info{{{}={}}}", label, Quoted(options_.name));
      const absl::StatusOr<std::vector<Series>> found = Known(selector, "vm, name, tenant, instance");
      if (!found.ok()) return found.status();
      if (found->empty()) continue;
      const Series& vm = found->back();
      const std::string uuid = LabelOf(vm, "vm");
      const bool several =
          std::ranges::any_of(*found, [&](const Series& other) { return LabelOf(other, "vm") != uuid; });
      if (several) {
        std::vector<std::string> uuids;
        for (const Series& other : *found) uuids.push_back(LabelOf(other, "vm"));
        return absl::NotFoundError(
            fmt::format("several VMs were called {}; name one by its UUID: {}", options_.name, Some(uuids)));
      }
      std::string about =
          fmt::format("{}, tenant {}, on {}", uuid, LabelOf(vm, "tenant").empty() ? "none" : LabelOf(vm, "tenant"),
                      LabelOf(vm, "instance"));
      return Found{"VM " + LabelOf(vm, "name"), std::move(about), VmPanels("vm=" + Quoted(uuid), Window())};
    }
    const absl::StatusOr<std::vector<std::string>> known = Values("hypertier_vm_info", "name");
    if (!known.ok()) return known.status();
    return Unknown("VM " + options_.name, *known);
  }

  const ReportOptions& options_;
  const Range range_;
  const Prometheus prometheus_;
};

}  // namespace

absl::StatusOr<std::string> MakeReport(const ReportOptions& options, absl::Time now, absl::TimeZone zone) {
  const absl::Duration step = absl::Ceil(options.last / kSamples, absl::Seconds(1));
  const Reporter reporter(options, {now - options.last, now, step});
  absl::StatusOr<Found> found = reporter.Find();
  if (!found.ok()) return found.status();
  Report report{.title = std::move(found->title),
                .about = std::move(found->about),
                .range = {now - options.last, now, step},
                .zone = zone,
                .panels = {}};
  for (Panel& panel : found->panels) {
    absl::StatusOr<DrawnPanel> drawn = reporter.Fill(std::move(panel));
    if (!drawn.ok()) return drawn.status();
    report.panels.push_back(*std::move(drawn));
  }
  return Page(report);
}

}  // namespace hypertier::tierctl
