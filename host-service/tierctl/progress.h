// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hypertier/v1/operation.pb.h"

namespace hypertier::tierctl {

// One line a tier: "fmem  [########------]  57%  512 MiB -> 256 MiB, now 366 MiB, resident 370 MiB".
std::string FormatProgress(const v1::Operation& operation);

// "succeeded", "failed", ... in lower case.
std::string StateWord(const v1::Operation& operation);

bool HasEnded(const v1::Operation& operation);

// Share of the way from start to target that a tier has gone, 0 to 1. 1 when there was no way to go.
double Fraction(const v1::Operation::TierProgress& tier);

}  // namespace hypertier::tierctl
