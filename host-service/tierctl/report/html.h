// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host-service/tierctl/report/document.h"

namespace hypertier::tierctl::report {

// One page that needs nothing else, is read without scripts and runs none. Well-formed as XML, too.
std::string Html(const Document& document);

}  // namespace hypertier::tierctl::report
