"""How the simulated bank is reached: folders, SFTP and REST, and the calls that it makes."""
