# The course's UDP server as the screenshot of "UDP using arguments" shows it, which prints what
# it receives. The port may be given.
from socket import *
from sys import argv
serverPort = int(argv[1]) if len(argv) > 1 else 12000
serverSocket = socket(AF_INET, SOCK_DGRAM)
serverSocket.bind(('', serverPort))
print("The server is ready to receive")
while True:
    message, clientAddress = serverSocket.recvfrom(2048)
    print('This message: ', message.decode())
    print('is received from:', clientAddress)
    modifiedMessage = message.decode().upper()
    serverSocket.sendto(modifiedMessage.encode(), clientAddress)
