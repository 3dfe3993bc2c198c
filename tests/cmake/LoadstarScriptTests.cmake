# Tests that are scripts: Python's unittest, and single commands. They run with Debian's own
# Python, because that is the one for which Debian has gRPC (deploy/packages.txt).

find_program(LOADSTAR_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

# What a Python test that talks to the daemon has on its path: the stubs of proto/ (built by
# loadstar_python_stubs), the client, and what starts the programs.
set(LOADSTAR_PYTHON_PATH ${PROJECT_BINARY_DIR}/tests/clients/python/stubs)
string(APPEND LOADSTAR_PYTHON_PATH :${PROJECT_SOURCE_DIR}/tests/clients/python)
string(APPEND LOADSTAR_PYTHON_PATH :${PROJECT_SOURCE_DIR}/tests/support/python)

# loadstar_command_test(NAME COMMAND ... LABELS R0 [TIMEOUT 120] [ENVIRONMENT A=b ...])
#
# A command is a test: exit status 0 is a pass. LOADSTAR_SOURCE and LOADSTAR_BUILD in its
# environment are the root of the sources and of the build.
function(loadstar_command_test name)
  cmake_parse_arguments(ARG "RUN_SERIAL" "TIMEOUT" "COMMAND;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    RUN_SERIAL ${ARG_RUN_SERIAL}
    ENVIRONMENT "LOADSTAR_SOURCE=${PROJECT_SOURCE_DIR};LOADSTAR_BUILD=${PROJECT_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1;${ARG_ENVIRONMENT}")
endfunction()

# loadstar_python_test(NAME FILE x_test.py LABELS R3 [TIMEOUT 120] [ENVIRONMENT A=b ...])
#
# One file of unittest cases is one test.
function(loadstar_python_test name)
  cmake_parse_arguments(ARG "RUN_SERIAL" "FILE;TIMEOUT" "LABELS;ENVIRONMENT" ${ARGN})
  set(serial)
  if(ARG_RUN_SERIAL)
    set(serial RUN_SERIAL)
  endif()
  loadstar_command_test(${name} ${serial}
    COMMAND ${LOADSTAR_PYTHON} -m unittest -v ${ARG_FILE}
    LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT ${ARG_ENVIRONMENT})
endfunction()
