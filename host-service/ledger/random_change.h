// SPDX-License-Identifier: Apache-2.0
//
// For tests: a random change of a ledger.
#pragma once

#include <functional>
#include <random>
#include <string>

#include "host-service/ledger/fake_ledger.h"
#include "host-service/ledger/ledger.h"

namespace hypertier::test {

struct Change {
  // The method, for counting and for messages.
  std::string method;
  std::function<absl::Status(Ledger&)> apply;
};

// One that fits `now` (the next version of a tenant that is there), or now and then one that must be refused (a version
// that is not newer, a tenant that is not there). The same for the same numbers and the same `now`.
Change RandomChange(std::mt19937_64& random, const FakeLedger& now);

}  // namespace hypertier::test
