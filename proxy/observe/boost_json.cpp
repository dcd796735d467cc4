// The only compilation of Boost.JSON's out-of-line parts.
#include <boost/json/src.hpp>
