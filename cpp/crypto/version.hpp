// Which cryptographic library this is.
#pragma once

#include <string>

namespace authjwks::crypto {

/// Name and version, as in "OpenSSL 3.0.22".
std::string library_version();

}  // namespace authjwks::crypto
