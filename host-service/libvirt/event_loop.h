// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hypertier {

// Registers libvirt's event loop and runs it in a thread of its own until the process ends; later calls do nothing.
// Must come before the first connection: one opened earlier would have no keepalive and no events. It is never stopped,
// because callbacks may still come after a connection has been closed.
//
// Also keeps libvirt from printing errors: ours are values.
void StartLibvirtEventLoop();

}  // namespace hypertier
