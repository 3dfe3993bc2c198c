// The one unit of the emulator in which Boost.Asio is compiled (BOOST_ASIO_SEPARATE_COMPILATION).
// It holds the same definitions as core's, so that a program that links both takes only one of
// them.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
