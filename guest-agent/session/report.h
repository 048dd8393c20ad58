// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "guest-agent/session/guest.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::agent {

// The figures in the words of the protocol.
v1::Report MakeReport(const BalloonFigures& figures);

// Adds what is known of placement.
void AddPlacement(const PlacementFigures& figures, v1::Report& report);

// At most `limit` bytes of `text`, everything but printable ASCII replaced by '?': protobuf strings must be UTF-8.
std::string BoundedText(std::string_view text, std::size_t limit);

}  // namespace hypertier::agent
