# Shared build rules: warnings, sanitizers, and the two functions by which every room declares
# its library and its tests. style-anchors.md 2.11 lists where each warning was tried.

add_library(loadstar_warnings INTERFACE)
target_compile_options(loadstar_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wformat=2 -Wimplicit-fallthrough
  -Wextra-semi -Wdouble-promotion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(loadstar_warnings INTERFACE
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast -Wredundant-tags
    -Wsuggest-override)
  # GCC 12.2 reports false positives inside inlined libstdc++ and Boost code at -O2.
  target_compile_options(loadstar_warnings INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread -Wno-dangling-pointer -Wno-mismatched-new-delete)
endif()

add_library(loadstar_flags INTERFACE)
# Asio and Beast are compiled once, in core/base/asio.cpp and core/http/beast.cpp.
target_compile_definitions(loadstar_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
target_include_directories(loadstar_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(LOADSTAR_SANITIZE STREQUAL "address")
  target_compile_options(loadstar_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(loadstar_flags INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 cannot assemble coroutines with it (style-anchors.md 2.11).
    target_compile_options(loadstar_flags INTERFACE -fno-sanitize=function)
  endif()
elseif(LOADSTAR_SANITIZE STREQUAL "thread")
  target_compile_options(loadstar_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(loadstar_flags INTERFACE -fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(loadstar_flags INTERFACE -Wno-tsan)
  endif()
endif()

# loadstar_library(NAME SOURCES a.cpp ... HEADERS a.hpp ... LIBRARIES x ...)
#
# A static library with the project's warnings; its headers form a FILE_SET, so that each is also
# compiled on its own when LOADSTAR_VERIFY_HEADERS is on.
function(loadstar_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
    FILES ${ARG_HEADERS})
  target_link_libraries(${name} PUBLIC loadstar_flags ${ARG_LIBRARIES} PRIVATE loadstar_warnings)
endfunction()

# loadstar_test(NAME SOURCES a_test.cpp ... LIBRARIES x ... [LABELS R0])
#
# One GoogleTest program per room; each TEST is a ctest test of its own, labelled with its ring. What is tested is
# optimized as it is shipped; the tests themselves are not, which takes 40 % less time to compile. The simulation
# (R1) is, for it has many seeds to run.
function(loadstar_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS R0)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT "R1" IN_LIST ARG_LABELS)
    target_compile_options(${name} PRIVATE -O0)
  endif()
  if(LOADSTAR_SANITIZE STREQUAL "thread")
    target_link_libraries(${name} PRIVATE tsan_suppressions)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} loadstar_flags loadstar_warnings
    GTest::gmock_main)
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
