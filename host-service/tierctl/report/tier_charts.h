// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/tierctl/report/asker.h"
#include "host-service/tierctl/report/document.h"

namespace hypertier::tierctl::report {

// Adds a chart for each tier with what the scope has and was promised, rows of figures for each of its series, and how
// long it missed something. For a host also a chart of its room.
void AddTiers(Asker& ask, Document& document, Table& figures, Table& events);

// Who among the tenant's VMs had how much.
void AddVmsOfTenant(Asker& ask, Document& document);

// A chart over the asker's span, without lines.
Chart TimeChart(const Span& span, std::string title, std::string about, Unit unit);

// A row of `figures`: mean, least, most, at the end. None where there are no values.
void AddFigures(Table& figures, const std::string& name, Unit unit, const Values& values);

}  // namespace hypertier::tierctl::report
