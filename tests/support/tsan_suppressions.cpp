// Linked into every test program that ThreadSanitizer is built into: what it reports wrongly.
//
// Asio counts the owners of an executor that is too large for any_io_executor's own storage (a
// strand over any_io_executor) with fetch_sub(release) and, at zero, an acquire fence
// (boost/asio/detail/atomic_count.hpp, 1.81). GCC's ThreadSanitizer does not model fences (its
// -Wtsan says so), so the deletion by the last owner looks like a race with the release by another.
// Only that destructor is named.

extern "C" const char* __tsan_default_suppressions() {
  return "race:boost::asio::execution::detail::shared_target_executor::~shared_target_executor\n";
}
