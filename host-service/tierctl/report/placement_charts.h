// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/tierctl/report/asker.h"
#include "host-service/tierctl/report/document.h"

namespace hypertier::tierctl::report {

// How many of the memory accesses FMEM served, and what was moved between the tiers.
void AddHits(Asker& ask, Document& document, Table& figures, Table& events);

// Of a VM: what more or less FMEM would make of its accesses, as last known, and what placement costs.
void AddHotness(Asker& ask, Document& document);
void AddPlacementCpu(Asker& ask, Document& document);

}  // namespace hypertier::tierctl::report
