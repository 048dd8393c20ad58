// SPDX-License-Identifier: Apache-2.0
//
// What a report on a host, a tenant or a VM shows: metrics of docs/metrics.md.
#pragma once

#include <string>
#include <vector>

#include "host-service/tierctl/report/chart.h"

namespace hypertier::tierctl {

struct Question {
  std::string promql;
  // What the line is called; empty: by the label `by`.
  std::string name;
  std::string by;
};

struct Panel {
  std::string title;
  // What it tells, in a sentence.
  std::string about;
  Unit unit = Unit::kNumber;
  std::vector<Question> questions;
};

// `matcher`: label matchers that name the subject, such as vm="...". `window`: of rates, at least four scrapes.
std::vector<Panel> VmPanels(const std::string& matcher, const std::string& window);
std::vector<Panel> TenantPanels(const std::string& matcher);
std::vector<Panel> HostPanels(const std::string& matcher, const std::string& window);

}  // namespace hypertier::tierctl
