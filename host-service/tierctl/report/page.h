// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host-service/tierctl/report/chart.h"
#include "host-service/tierctl/report/panels.h"

namespace hypertier::tierctl {

struct DrawnPanel {
  Panel panel;
  std::vector<Line> lines;
};

struct Report {
  // "VM web-1"; what else is known of it, such as its tenant.
  std::string title;
  std::string about;
  Range range;
  absl::TimeZone zone;
  std::vector<DrawnPanel> panels;
};

// One HTML file that needs no other and no script: a chart and its figures for each panel that has any data.
std::string Page(const Report& report);

}  // namespace hypertier::tierctl
