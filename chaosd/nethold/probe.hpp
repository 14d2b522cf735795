#pragma once

namespace faultline::nethold {

/// Tries what this kernel can do, in a network namespace where nothing is at stake, and
/// says so: `probe rate yes`, `probe delay no <why>`.
void probe();

}  // namespace faultline::nethold
