// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host-service/tierctl/report/document.h"

namespace hypertier::tierctl::report {

// The whole report as one picture: facts, tables and charts, one below the other.
std::string Svg(const Document& document);

}  // namespace hypertier::tierctl::report
