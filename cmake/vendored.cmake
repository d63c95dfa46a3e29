# Builds the libraries of cmake/vendored once for a compiler and its flags, and declares them as imported targets.
# The prefix lies outside of the build folder, as each interpreter has a build folder of its own.
include(cmake/vendored/sources.cmake)

set(AUTHJWKS_VENDORED_DIR "${PROJECT_SOURCE_DIR}/build/vendored" CACHE PATH
    "Where libraries that are built from source are kept, and their archives in downloads/, which may be put there by hand")

file(GLOB recipe ${PROJECT_SOURCE_DIR}/cmake/vendored/*)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${recipe})
set(inputs "${CMAKE_C_COMPILER} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_C_FLAGS}")
string(APPEND inputs " ${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_CXX_FLAGS} ${CMAKE_SYSTEM_PROCESSOR}")
foreach(file IN LISTS recipe)
  file(SHA256 ${file} hash)
  string(APPEND inputs " ${hash}")
endforeach()
string(SHA256 key "${inputs}")
string(SUBSTRING ${key} 0 16 key)
set(prefix ${AUTHJWKS_VENDORED_DIR}/${key})

file(MAKE_DIRECTORY ${AUTHJWKS_VENDORED_DIR})
file(LOCK ${AUTHJWKS_VENDORED_DIR}/lock GUARD FILE)
if(NOT EXISTS ${prefix}/complete)
  message(STATUS "Building AWS-LC, zlib, libcurl and simdjson; this takes a few minutes, once")
  set(log ${prefix}/build.log)
  file(MAKE_DIRECTORY ${prefix})
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR}/cmake/vendored -B ${prefix}/build -G ${CMAKE_GENERATOR}
            -DCMAKE_INSTALL_PREFIX=${prefix} -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} "-DCMAKE_C_FLAGS=${CMAKE_C_FLAGS}"
            -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}"
            -DAUTHJWKS_DOWNLOADS=${AUTHJWKS_VENDORED_DIR}/downloads
    COMMAND_ERROR_IS_FATAL ANY OUTPUT_FILE ${log} ERROR_FILE ${log})
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${prefix}/build
                  RESULT_VARIABLE failed OUTPUT_FILE ${log} ERROR_FILE ${log})
  if(failed)
    message(FATAL_ERROR "The libraries of cmake/vendored could not be built; see ${log}")
  endif()
  file(REMOVE_RECURSE ${prefix}/build)
  file(TOUCH ${prefix}/complete)
endif()
file(LOCK ${AUTHJWKS_VENDORED_DIR}/lock RELEASE)

function(vendored_library target archive)
  add_library(${target} STATIC IMPORTED)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${prefix}/lib/${archive})
  # Before the system's headers of the same names.
  target_include_directories(${target} BEFORE INTERFACE ${prefix}/include)
  target_link_libraries(${target} INTERFACE ${ARGN})
endfunction()

vendored_library(Vendored::crypto libcrypto.a Threads::Threads)
vendored_library(Vendored::ssl libssl.a Vendored::crypto)
vendored_library(Vendored::z libz.a)
vendored_library(Vendored::curl libcurl.a Vendored::ssl Vendored::z)
vendored_library(Vendored::simdjson libsimdjson.a)
target_compile_definitions(Vendored::curl INTERFACE CURL_STATICLIB)
