// SPDX-License-Identifier: Apache-2.0
//
// What is particular of a domain whose tiers are made elastic by virtio-mem.
#pragma once

#include <pugixml.hpp>

#include "absl/status/status.h"
#include "host-service/domain/shape.h"

namespace hypertier::domain {

// The size of a tier's guest cell: with virtio-mem only what is always there.
Bytes BaseOf(const ShapeOptions& options, TierId tier);

// Errors as ShapeDomain's, of options whose cells and targets are sound.
absl::Status CheckVirtioMem(const ShapeOptions& options);

// Takes all virtio-mem devices and their slots away.
void RemoveVirtioMem(pugi::xml_node domain);

// One device a tier, asked for the tier's target at start.
void AddVirtioMem(pugi::xml_node domain, const ShapeOptions& options, const PerTier<Bytes>& targets);

}  // namespace hypertier::domain
